"""What brings a host back, one file per action: `look` reads, `plan` is pure, one constant."""

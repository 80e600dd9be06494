"""Log lines since a moment, of files and journal; `inspection` asks, `findings` judges lines."""

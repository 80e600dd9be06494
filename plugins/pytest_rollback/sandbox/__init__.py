"""Systems to practise on: `local` without root, `machine` with systemd in a container."""

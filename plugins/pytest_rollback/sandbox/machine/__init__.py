"""The sandbox as a whole host: an image with systemd, reached over ssh."""

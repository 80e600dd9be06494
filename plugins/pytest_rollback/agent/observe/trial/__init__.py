"""Would the restored tree work? It is staged, then imported in fresh processes, as its user."""

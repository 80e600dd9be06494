"""What both kinds of sandbox share: recipe, releases, deploy, scenarios, ports, status.

scenario -> deploy -> site (the interface) -> release -> recipe
"""

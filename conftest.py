"""What only a checkout needs: criteria and their fixtures come with the plugin, wherever it is.

The village is data of the sandbox, two releases of another system: pytest imports none of it, also
when it is called for the whole checkout.
"""

collect_ignore = ["fixtures/village"]

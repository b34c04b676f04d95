"""What was asked for (options, recipes, contenders), checked, and resolved on this machine."""

"""How to capture what an audit needs: the commands of four programs, and what each leaves out."""

from tlsaudit.capturing.recipes import KEEPS, TOOLS, Recipe, recipe

__all__ = ["KEEPS", "TOOLS", "Recipe", "recipe"]

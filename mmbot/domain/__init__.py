"""Values and rules of the trade. Imports the standard library and msgspec only."""

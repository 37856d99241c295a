"""The order of life: the steps that follow a start, a lost feed, a kill or a stop. The package also forgets sport
events that are over."""

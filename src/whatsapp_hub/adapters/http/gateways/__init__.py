"""The gateway contracts A to D: thin translations over the use cases of contract F."""

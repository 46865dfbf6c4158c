"""The doctor: looks at everything that Renum needs, and says of what is not well how it is mended.

Each module looks at one part and changes nothing. Here at the top, because it asks every other package.
"""

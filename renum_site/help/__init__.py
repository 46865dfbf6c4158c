"""The pages that explain Renum to people: words, the workflow language, codes. Anybody may read them."""

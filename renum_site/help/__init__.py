"""The pages that explain Renum to people: words, the workflow language, codes. Whoever comes may read them."""

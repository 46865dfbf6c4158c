"""Pages about money: a person's keys and costs. The first ones come with the pages issue; the room stands."""

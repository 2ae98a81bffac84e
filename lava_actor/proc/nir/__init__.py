"""The nodes of NIR as Processes; `lava_actor.exchange` makes networks of them."""

"""The desk: one small request at a time, without a service in between. Included by ``_native.pyx``."""


cdef class Desk:
    """Where the user's program asks one party, see ``desk.h``."""

    def __init__(self):
        raise TypeError("use Arena.desk()")

    @property
    def taken(self):
        return bool(la_desk_is_taken(self.at))

    def ask(self, Party party not None, bytes said not None):
        """Lay a request down, and post to whom it is for."""
        if la_desk_is_taken(self.at):
            raise RuntimeStateError("the desk is taken")
        self._write(said)
        la_desk_ask(self.at, party.at, <uint32_t>len(said))

    def asked(self, Party party not None):
        """The request that `party` has to answer, if there is one."""
        if la_desk_asks(self.at, <uint32_t>party.index):
            return self.said
        return None

    def answer(self, Party asker not None, bytes said not None):
        """Put an answer in the place of the request; `asker` may wait for it."""
        self._write(said)
        la_desk_answer(self.at, asker.at, <uint32_t>len(said))

    @property
    def said(self):
        return self.at.said[:self.at.length]

    cdef int _write(self, bytes said) except -1:
        if len(said) > self.room:
            raise InvalidValueError(f"the desk holds {self.room} bytes, got {len(said)}")
        memcpy(self.at.said, <const unsigned char *>said, len(said))
        return 0


cdef Desk _new_desk(Arena arena):
    cdef Desk desk = Desk.__new__(Desk)
    desk.mapping = arena.mapping
    desk.at = <la_desk *>(arena.mapping.base + <size_t>(arena.plan.size - arena.plan.desk))
    desk.room = arena.plan.desk - sizeof(la_desk)
    return desk

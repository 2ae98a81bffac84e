"""The step of any model that declares one: receive, call, send. Included by ``_steps.pyx``."""


cdef class StepBurst(_Giver):
    """A model by the native step it declares."""

    cdef la_pack pack
    cdef la_step function
    cdef list inlets, outlets
    cdef Py_ssize_t n_in, n_out
    cdef list members  # names, NumPy type numbers, room for all of one, whether the step changes it
    cdef tuple numbers, integers, constants, shape
    cdef cnp.npy_intp[MAX_DIMS] dims
    cdef int64_t *limits  # of the integers, in pairs
    cdef bint uniform
    cdef list held
    cdef dict refuses
    cdef StepBurst then

    def __init__(
        self, model, size_t function, inlets, outlets, state, parameters, numbers, integers,
        constants, bint uniform, shape, dict refuses, StepBurst then=None,
    ):
        cdef Py_ssize_t i
        super().__init__(model, model._la_stands_for())
        alone = len(inlets) == 1
        self.inlets = [_Inlet(*inlet, alone) for inlet in inlets]
        self.outlets = [_Outlet(*outlet) for outlet in outlets]
        self.members = [(name, dtype.num, None, True) for name, dtype in state]
        for name, dtype in parameters:
            room = np.zeros(shape, dtype) if uniform else None
            self.members.append((name, dtype.num, room, False))
        self.numbers, self.shape = numbers, shape
        self.integers = tuple([name for name, _, _ in integers])
        self.constants = tuple(constants.items())
        for i in range(len(shape)):
            self.dims[i] = shape[i]
        self.uniform, self.refuses, self.then = uniform, refuses, then
        self.function = <la_step>function
        self.n_in, self.n_out = len(self.inlets), len(self.outlets)
        if not self.n_in and self.n_out == 1 and then is None:
            self._may_give(self.outlets[0])
        for inlet in self.inlets:
            self.first = next(iter((<_Inlet>inlet).readers), self.first)
            break
        n = self.n_in + self.n_out + len(self.members)
        self.pack.version = LA_STEP_VERSION
        self.pack.n_arrays = n
        self.pack.arrays = <void **>room_for(n, sizeof(void *))
        self.pack.sizes = <ptrdiff_t *>room_for(n, sizeof(ptrdiff_t))
        self.pack.numbers = <double *>room_for(len(numbers), sizeof(double))
        self.pack.integers = <int64_t *>room_for(len(integers), sizeof(int64_t))
        self.limits = <int64_t *>room_for(2 * len(integers), sizeof(int64_t))
        for i in range(len(integers)):
            self.limits[2 * i], self.limits[2 * i + 1] = integers[i][1:]
        self.held = [None] * len(self.members)
        for i in range(self.n_in):
            self.pack.sizes[i] = (<_Inlet>self.inlets[i]).n
        for i in range(self.n_out):
            self.pack.sizes[self.n_in + i] = (<_Outlet>self.outlets[i]).n
        self.pack.n = self.pack.sizes[0]

    def __dealloc__(self):
        free(self.pack.arrays)
        free(self.pack.sizes)
        free(self.pack.numbers)
        free(self.pack.integers)
        free(self.limits)

    cdef int _may_give(self, _Outlet outlet) except -1:
        """What a source sends is sums if it is neither spikes nor to be converted."""
        if outlet.writer is not None and outlet.writer.dtype == outlet.dtype != bool:
            self.gift, self.kind = outlet.writer, outlet.kind
        return 0

    cdef void *sums_now(self) noexcept:
        return data_of((<_Outlet>self.outlets[0]).array)

    cdef bint prepare(self) except -1:
        cdef Py_ssize_t i
        for i in range(self.n_out):
            (<_Outlet>self.outlets[i]).renew()
            self.pack.arrays[self.n_in + i] = data_of((<_Outlet>self.outlets[i]).array)
        return self._look() and (self.then is None or self.then.prepare())

    cdef bint _look(self) except -1:
        """Look at the model's attributes; False: one of them is not as declared."""
        cdef Py_ssize_t i
        if self.is_replaced():
            return False
        for name, value in self.constants:
            if not _is_still(getattr(self.model, name, None), value):
                return False
        for i in range(len(self.members)):
            name, kind, room, changes = <tuple>self.members[i]
            if not self._take(i, name, kind, room, changes):
                return self.lacks(name)
        if not self._are_apart():
            return False
        for i in range(len(self.numbers)):
            name = self.numbers[i]
            if name is not None and not take_number(
                getattr(self.model, name, None), &self.pack.numbers[i]
            ):
                return self.lacks(name)
        for i in range(len(self.integers)):
            name = self.integers[i]
            if name is not None and not take_integer(
                getattr(self.model, name, None), self.limits + 2 * i, &self.pack.integers[i]
            ):
                return self.lacks(name)
        return True

    cdef bint _take(self, Py_ssize_t i, name, int kind, room, bint changes) except -1:
        """Let the step work on an attribute of the model, if that is the array it should be.

        One number may stand for all of a parameter, for which there is room, and so may an array of
        another type with the same numbers.
        """
        array = getattr(self.model, name, None)
        if room is not None and not (is_array(array, kind) and self.fits(array)):
            if not _fill(room, kind, array):
                return False
            array = room
        elif not is_array(array, kind) or (self.uniform and not self.fits(array)):
            return False
        elif changes and not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array):
            return False
        self.held[i] = array
        self.pack.arrays[self.n_in + self.n_out + i] = data_of(array)
        self.pack.sizes[self.n_in + self.n_out + i] = size_of(array)
        return True

    cdef inline bint fits(self, array) noexcept:
        """Whether an array has the shape of the ports."""
        cdef int n = <int>len(self.shape)
        return cnp.PyArray_NDIM(<cnp.ndarray>array) == n and memcmp(
            cnp.PyArray_DIMS(<cnp.ndarray>array), self.dims, n * sizeof(cnp.npy_intp)
        ) == 0

    cdef bint _are_apart(self) except -1:
        """Whether none of the model's arrays that change shares memory with another."""
        cdef Py_ssize_t i, k
        for i in range(len(self.held)):
            for k in range(i):
                if overlap(self.held[i], self.held[k]) and (
                    self.members[i][3] or self.members[k][3]
                ):
                    return self.lacks(f"{self.members[i][0]} in memory of {self.members[k][0]}")
        return True

    cdef inline int _do(self, la_step function) except? -1:
        if self.pack.n < LONG_LOOP:
            return function(&self.pack)
        with nogil:
            return function(&self.pack)

    cdef int step(self, uint64_t number) except -1:
        self.compute(number)
        self.send()
        return 0 if self.then is None else self.then.step(number)

    cdef int stages(self) noexcept:
        if self.then is not None:
            return 2 + self.then.stages()
        return 2 if self.gift is None else 3

    cdef list ends(self, int stage, list inward):
        if stage > 1 and self.then is None:
            return [(self, 1, 0)]
        if stage > 1:
            return self.then.ends(stage - 2, inward)
        if stage:
            writers = [(<_Outlet>outlet).writer for outlet in self.outlets]
            return [(writer, 1, 0) for writer in writers if writer is not None]
        return [(reader, 1, 0) for inlet in self.inlets for reader in (<_Inlet>inlet).readers]

    cdef int do(self, int stage, uint64_t number) except -1:
        if stage > 1:
            return 0 if self.then is None else self.then.do(stage - 2, number)
        return self.send() if stage else self.compute(number)

    cdef inline int compute(self, uint64_t number) except -1:
        cdef Py_ssize_t i
        cdef int code
        self.pack.step = number
        for i in range(self.n_in):
            self.pack.arrays[i] = (<_Inlet>self.inlets[i]).receive()
        code = self._do(self.function)
        for i in range(self.n_in):
            (<_Inlet>self.inlets[i]).give_back()
        if code:
            if code in self.refuses:
                raise InvalidValueError(f"{self.model._la_process_name}.{self.refuses[code]}")
            raise RuntimeStateError(
                f"{type(self.model).__qualname__}: its native step returned {code} in step {number}"
            )
        return 0

    cdef inline int send(self) except -1:
        cdef Py_ssize_t i
        cdef la_slot *slot
        if self.direct:
            slot = self.gift.begin()
            return 0 if slot == NULL else self.announce(slot)
        for i in range(self.n_out):
            (<_Outlet>self.outlets[i]).send()
        return 0

    cdef int withdraw(self) except -1:
        _Giver.withdraw(self)
        for inlet in self.inlets:
            (<_Inlet>inlet).withdraw()
        return 0

    cdef bint keeps(self, set names) except -1:
        cdef _Outlet outlet
        if any([outlet.kept in names for outlet in self.outlets]):
            return True
        return self.then is not None and self.then.keeps(names)

    cdef int show(self) except -1:
        cdef _Outlet outlet
        for outlet in self.outlets:
            if outlet.kept is not None:
                setattr(self.model, outlet.kept, outlet.array)
        return 0 if self.then is None else self.then.show()

    cdef int settle(self, uint64_t number) except -1:
        Burst.settle(self, number)
        return self.show()


cdef bint _fill(room, int kind, given) except -1:
    """Write a number, or as many as there is room for, if they are of its type or become it."""
    cdef double real
    cdef int64_t integer
    cdef int64_t[2] limits
    if isinstance(given, cnp.ndarray):
        if given.dtype.kind not in "biuf" or given.shape not in ((1,), room.shape):
            return False
        with np.errstate(invalid="ignore"):
            room[...] = given
        return given.dtype == room.dtype or bool((room == given).all())
    if kind == cnp.NPY_DOUBLE and take_number(given, &real):
        room.fill(real)
        return True
    limits[0], limits[1] = -0x80000000, 0x7FFFFFFF
    if kind == cnp.NPY_INT and take_integer(given, limits, &integer):
        room.fill(integer)
        return True
    return False


cdef bint _is_still(object x, object value) except -1:
    """Whether a model's attribute is what a step takes for granted."""
    if type(x) is int and type(value) is int:
        return x == value
    return bool(np.array_equal(x, value))


cdef bint take_number(object x, double *to) except -1:
    """A number of double precision, or an array with only that."""
    if isinstance(x, cnp.ndarray):
        if cnp.PyArray_NDIM(<cnp.ndarray>x) > 1 or cnp.PyArray_SIZE(<cnp.ndarray>x) != 1:
            return False
        if is_of(x, cnp.NPY_DOUBLE, 1):
            to[0] = (<double *>data_of(x))[0]
            return True
        if not cnp.PyTypeNum_ISSIGNED(cnp.PyArray_TYPE(<cnp.ndarray>x)):
            return False
        x = x.item()
    if type(x) is not float and type(x) is not np.float64 and type(x) is not int:
        if not isinstance(x, np.integer):
            return False
        x = int(x)
    try:
        to[0] = x
    except OverflowError:
        return False
    return True


cdef bint take_integer(object x, const int64_t *limits, int64_t *to) except -1:
    """An integer within limits, or an array with only that."""
    cdef int overflow = 0
    cdef int64_t found
    cdef int kind
    if isinstance(x, cnp.ndarray):
        kind = cnp.PyArray_TYPE(<cnp.ndarray>x)
        if (
            cnp.PyArray_SIZE(<cnp.ndarray>x) != 1
            or cnp.PyArray_NDIM(<cnp.ndarray>x) > 1
            or not cnp.PyTypeNum_ISINTEGER(kind) and kind not in (cnp.NPY_BOOL, cnp.NPY_DOUBLE)
        ):
            return False
        x = x.item()
        if kind == cnp.NPY_DOUBLE:
            if not x.is_integer():
                return False
            x = int(x)
    elif type(x) is not int:
        if not isinstance(x, (int, np.integer, np.bool_)):
            return False
        x = int(x)
    found = PyLong_AsLongLongAndOverflow(x, &overflow)
    if overflow or not limits[0] <= found <= limits[1]:
        return False
    to[0] = found
    return True


def catalogue():
    """Addresses of the library's steps, by name."""
    cdef const la_entry *entry = LA_CATALOGUE
    found = {}
    while entry.name != NULL:
        found[entry.name.decode()] = <size_t>entry.step
        entry += 1
    return found

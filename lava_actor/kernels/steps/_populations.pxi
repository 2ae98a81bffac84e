"""The step of any model that declares one: receive, call, send. Included by ``_steps.pyx``."""


cdef struct la_wanted:
    Py_ssize_t first, end  # which elements of a message have anything for the port
    void *run  # where they lie one after the other; NULL: they do not, or need no index map


cdef class _Inlet:
    """What an in-port receives in a step, as one array."""

    cdef list readers
    cdef list index_maps
    cdef la_wanted *wanted  # of each source
    cdef RingReader single  # the only source, if its messages need no change of index or type
    cdef bint borrows  # the message is looked at where it lies, until `give_back`
    cdef int code, kind
    cdef Py_ssize_t n, room, itemsize
    cdef object array
    cdef cnp.ndarray view  # of the part that is received
    cdef void *buffer

    def __init__(self, sources, dtype, tuple shape, Py_ssize_t room, bint alone):
        self.readers = [reader for reader, _ in sources]
        self.index_maps = [index_map for _, index_map in sources]
        self.room = room  # with a place for what is not received
        self.array = np.zeros(room, dtype)
        self.kind = self.array.dtype.num
        self.code = type_code(self.kind)
        self.n = int(np.prod(shape, dtype=int))
        self.view = self.array[:self.n].reshape(shape)
        self.itemsize = self.array.itemsize
        self.buffer = data_of(self.array)
        self._list_wanted()
        if len(sources) == 1 and self.index_maps[0] is None:
            if (<RingReader?>self.readers[0]).code == self.code:
                self.single = self.readers[0]
                self.borrows = alone

    def __dealloc__(self):
        free(self.wanted)

    cdef int _list_wanted(self) except -1:
        cdef Py_ssize_t i
        cdef la_wanted *wanted
        self.wanted = <la_wanted *>calloc(len(self.readers) + 1, sizeof(la_wanted))
        if self.wanted == NULL:
            raise MemoryError()
        for i, places in enumerate(self.index_maps):
            wanted = &self.wanted[i]
            if places is None:
                wanted.end = (<RingReader>self.readers[i]).size
            elif (inside := np.flatnonzero(places < self.n)).size:
                wanted.first, wanted.end = inside.min(), inside.max() + 1
                own = places[wanted.first : wanted.end]
                if (np.diff(own) == 1).all():
                    wanted.run = <char *>self.buffer + <Py_ssize_t>own.min() * self.itemsize
        return 0

    cdef inline void *receive(self) except NULL:
        """Sum of one message from each source; to be given back."""
        cdef RingReader reader = self.single
        cdef Py_ssize_t i
        cdef int32_t *moved
        cdef la_wanted *wanted
        if reader is not None:
            reader.await_data()
            if self.borrows and reader.front().form == LA_FORM_DENSE:
                return reader.payload_of(reader.front())
            reader.copy_front(self.buffer)
            if not self.borrows:
                reader.release()
            return self.buffer
        if not self.readers:
            return self.buffer
        memset(self.buffer, 0, self.room * self.itemsize)
        for i in range(len(self.readers)):
            reader = <RingReader>self.readers[i]
            places = self.index_maps[i]
            reader.await_data()
            moved = NULL if places is None else <int32_t *>data_of(places)
            wanted = &self.wanted[i]
            reader.add_some(
                self.buffer, self.room, self.code, moved, wanted.first, wanted.end, wanted.run
            )
            reader.release()
        return self.buffer

    cdef inline void give_back(self) noexcept:
        if self.borrows:
            self.single.release()


cdef class _Outlet:
    """What a function writes for an out-port, and how it is sent."""

    cdef RingWriter writer
    cdef str kept  # attribute of the model that shows what was sent last
    cdef tuple shape
    cdef object dtype
    cdef int kind
    cdef Py_ssize_t n
    cdef object array
    cdef object converted  # in the type of the ring, if that is another one
    cdef bint spikes

    def __init__(self, RingWriter writer, dtype, shape, kept):
        self.writer = writer
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.kept = kept
        self.kind = self.dtype.num
        self.array = np.zeros(shape, dtype)
        self.n = size_of(self.array)
        if writer is not None and writer.dtype != self.dtype:
            self.spikes = self.dtype == bool and writer.itemsize >= 4  # has room for indices
            if not self.spikes:
                self.converted = np.zeros(shape, writer.dtype)

    cdef int renew(self) except -1:
        """What the model keeps is written to no more once it has been shown."""
        if self.kept is not None:
            self.array = np.zeros(self.shape, self.dtype)
        return 0

    cdef int send(self) except -1:
        cdef RingWriter writer = self.writer
        cdef la_slot *slot
        if writer is None:
            return 0
        writer.await_space()
        if writer.unheard():
            writer.drop()
            return 0
        slot = writer.back()
        if self.spikes:
            writer.publish_ones(
                slot,
                la_indices(
                    self.n, <uint8_t *>data_of(self.array), <int32_t *>writer.payload_of(slot)
                ),
            )
            return 0
        if self.converted is not None:
            cnp.PyArray_CopyInto(<cnp.ndarray>self.converted, <cnp.ndarray>self.array)
            writer.fill(slot, data_of(self.converted))
        else:
            writer.fill(slot, data_of(self.array))
        writer.publish()
        return 0


cdef class StepBurst(Burst):
    """A model by the native step it declares."""

    cdef la_pack pack
    cdef la_step function
    cdef list inlets, outlets
    cdef Py_ssize_t n_in, n_out
    cdef list state, parameters
    cdef tuple numbers, integers, shape
    cdef cnp.npy_intp[MAX_DIMS] dims
    cdef int64_t *limits  # of the integers, in pairs
    cdef bint uniform
    cdef list held, spread
    cdef dict refuses
    cdef StepBurst then

    def __init__(
        self, model, size_t function, inlets, outlets, state, parameters, numbers, integers,
        bint uniform, shape, dict refuses, StepBurst then=None,
    ):
        cdef Py_ssize_t i
        super().__init__(model)
        alone = len(inlets) == 1
        self.inlets = [_Inlet(*inlet, alone) for inlet in inlets]
        self.outlets = [_Outlet(*outlet) for outlet in outlets]
        self.state, self.parameters = list(state), list(parameters)
        self.numbers, self.shape = numbers, shape
        self.integers = tuple([name for name, _, _ in integers])
        for i in range(len(shape)):
            self.dims[i] = shape[i]
        self.uniform, self.refuses, self.then = uniform, refuses, then
        self.function = <la_step>function
        self.n_in, self.n_out = len(self.inlets), len(self.outlets)
        self.spread = [np.zeros(shape, dtype) if uniform else None for _, dtype in parameters]
        for inlet in self.inlets:
            self.first = next(iter((<_Inlet>inlet).readers), self.first)
            break
        n = self.n_in + self.n_out + len(self.state) + len(self.parameters)
        self.pack.version = LA_STEP_VERSION
        self.pack.n_arrays = n
        self.pack.arrays = <void **>calloc(n + 1, sizeof(void *))
        self.pack.sizes = <ptrdiff_t *>calloc(n + 1, sizeof(ptrdiff_t))
        self.pack.numbers = <double *>calloc(len(numbers) + 1, sizeof(double))
        self.pack.integers = <int64_t *>calloc(len(integers) + 1, sizeof(int64_t))
        self.limits = <int64_t *>calloc(2 * len(integers) + 1, sizeof(int64_t))
        if not (
            self.pack.arrays and self.pack.sizes and self.pack.numbers and self.pack.integers
            and self.limits
        ):
            raise MemoryError()
        for i in range(len(integers)):
            self.limits[2 * i], self.limits[2 * i + 1] = integers[i][1:]
        self.held = [None] * (len(self.state) + len(self.parameters))
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

    cdef bint prepare(self) except -1:
        cdef Py_ssize_t i
        for i in range(self.n_out):
            (<_Outlet>self.outlets[i]).renew()
            self.pack.arrays[self.n_in + i] = data_of((<_Outlet>self.outlets[i]).array)
        return self._look() and (self.then is None or self.then.prepare())

    cdef bint _look(self) except -1:
        """Look at the model's attributes; False: one of them is not as declared."""
        cdef Py_ssize_t i, at = self.n_in + self.n_out
        for name, dtype in self.state:
            if not self._take(at, name, (<cnp.dtype>dtype).num, None, True):
                return False
            at += 1
        for i in range(len(self.parameters)):
            name, dtype = self.parameters[i]
            if not self._take(at, name, (<cnp.dtype>dtype).num, self.spread[i], False):
                return False
            at += 1
        if not self._are_apart(self.n_in + self.n_out, at):
            return False
        for i in range(len(self.numbers)):
            name = self.numbers[i]
            if name is not None and not take_number(
                getattr(self.model, name, None), &self.pack.numbers[i]
            ):
                return False
        for i in range(len(self.integers)):
            name = self.integers[i]
            if name is not None and not take_integer(
                getattr(self.model, name, None), self.limits + 2 * i, &self.pack.integers[i]
            ):
                return False
        return True

    cdef bint _take(self, Py_ssize_t at, name, int kind, room, bint changes) except -1:
        """Let the step work on an attribute of the model, if that is the array it should be.

        One element may stand for all of a parameter, for which there is room.
        """
        array = getattr(self.model, name, None)
        if not is_array(array, kind):
            return False
        if self.uniform and not self.fits(array):
            if room is None or array.shape != (1,):
                return False
            room.fill(array[0])
            array = room
        elif changes and not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array):
            return False
        self.held[at - self.n_in - self.n_out] = array
        self.pack.arrays[at] = data_of(array)
        self.pack.sizes[at] = size_of(array)
        return True

    cdef inline bint fits(self, array) noexcept:
        """Whether an array has the shape of the ports."""
        cdef int n = <int>len(self.shape)
        return cnp.PyArray_NDIM(<cnp.ndarray>array) == n and memcmp(
            cnp.PyArray_DIMS(<cnp.ndarray>array), self.dims, n * sizeof(cnp.npy_intp)
        ) == 0

    cdef bint _are_apart(self, Py_ssize_t begin, Py_ssize_t end) noexcept:
        """Whether no two of the model's arrays share memory."""
        cdef Py_ssize_t i, k, first = begin
        cdef char *one
        cdef char *other
        for i in range(begin, end):
            one = <char *>self.pack.arrays[i]
            for k in range(first, i):
                other = <char *>self.pack.arrays[k]
                if (
                    one < other + cnp.PyArray_NBYTES(<cnp.ndarray>self.held[k - first])
                    and other < one + cnp.PyArray_NBYTES(<cnp.ndarray>self.held[i - first])
                ):
                    return False
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
        return 2 if self.then is None else 2 + self.then.stages()

    cdef list ends(self, int stage, list inward):
        if stage > 1:
            return self.then.ends(stage - 2, inward)
        if stage:
            writers = [(<_Outlet>outlet).writer for outlet in self.outlets]
            return [(writer, 1) for writer in writers if writer is not None]
        return [(reader, 1) for inlet in self.inlets for reader in (<_Inlet>inlet).readers]

    cdef int do(self, int stage, uint64_t number) except -1:
        if stage > 1:
            return self.then.do(stage - 2, number)
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
                raise InvalidValueError(f"{self.model.process_name}.{self.refuses[code]}")
            raise RuntimeStateError(
                f"{type(self.model).__qualname__}: its native step returned {code} in step {number}"
            )
        return 0

    cdef inline int send(self) except -1:
        cdef Py_ssize_t i
        for i in range(self.n_out):
            (<_Outlet>self.outlets[i]).send()
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


cdef class _Part:
    cdef str method
    cdef la_step function  # NULL: only the model's method
    cdef bint by_model
    cdef Py_ssize_t inlet, outlet, gives  # -1: none
    cdef object port
    cdef tuple makes, kinds  # attributes, and their NumPy type numbers
    cdef str unless

    def __init__(
        self, str method, size_t function, bint by_model, Py_ssize_t inlet, port,
        Py_ssize_t outlet, Py_ssize_t gives, list makes, str unless,
    ):
        self.method, self.function, self.by_model = method, <la_step>function, by_model
        self.inlet, self.port, self.outlet, self.gives = inlet, port, outlet, gives
        self.makes = tuple([name for name, _ in makes])
        self.kinds = tuple([dtype.num for _, dtype in makes])
        self.unless = unless


cdef class PartBurst(StepBurst):
    """The methods of a step one after the other, some of them in Python.

    A method in Python may change any attribute, so they are all looked at after it. As soon as one
    is not as declared, the model's methods do the rest.
    """

    cdef list parts, ports
    cdef dict originals

    def __init__(self, arguments, list ports, list parts, dict originals):
        super().__init__(*arguments)
        cdef _Part part
        cdef Py_ssize_t n = self.pack.n_arrays
        self.ports = ports
        self.parts = [_Part(*given) for given in parts]
        self.originals = {method: self.parts[i] for method, i in originals.items()}
        self.asks = True
        for part in self.parts:
            n += len(part.makes)
        cdef void **arrays = <void **>realloc(self.pack.arrays, (n + 1) * sizeof(void *))
        if arrays == NULL:
            raise MemoryError()
        self.pack.arrays = arrays

    cdef bint prepare(self) except -1:
        if not StepBurst.prepare(self):
            return False
        self.model._in_parts = self
        return True

    cdef int leave(self) except -1:
        vars(self.model).pop("_in_parts", None)
        return 0

    cdef int step(self, uint64_t number) except -1:
        cdef _Part part
        cdef _Outlet outlet
        cdef Py_ssize_t i
        cdef bint native = True
        self.pack.step = number
        self.model.time_step = number
        for part in self.parts:
            if part.unless is not None and getattr(self.model, part.unless) is True:
                continue
            if native and not part.by_model:
                self._do_part(part)
            else:
                self._call_part(part)
                native = native and self._look() and self._shows(part.gives)
        for i in range(self.n_out):
            outlet = <_Outlet>self.outlets[i]
            sent = getattr(self.model, outlet.kept)
            if sent is outlet.array:
                outlet.send()
            else:
                self.ports[i].send(sent)
        self.native = native
        return 0 if native else self.leave()  # whole steps in Python follow

    cdef int _do_part(self, _Part part) except -1:
        if part.inlet >= 0:
            self.pack.arrays[part.inlet] = (<_Inlet>self.inlets[part.inlet]).receive()
        given = self._apply(part)
        if part.inlet >= 0:
            (<_Inlet>self.inlets[part.inlet]).give_back()
        if part.gives >= 0:
            (<_Outlet>self.outlets[part.gives]).array = given
            setattr(self.model, (<_Outlet>self.outlets[part.gives]).kept, given)
        return 0

    cdef object _apply(self, _Part part):
        """Call the function of a part; returns what it gives."""
        cdef Py_ssize_t i, at = self.n_in + part.gives
        cdef int code
        cdef object given = None
        cdef list made
        if part.gives >= 0:
            given = self._new((<_Outlet>self.outlets[part.gives]).kind)
            self.pack.arrays[at] = data_of(given)
        if not part.makes:
            code = self._do(part.function)
        else:
            made = [self._new(kind) for kind in part.kinds]
            for i in range(len(made)):
                self.pack.arrays[self.pack.n_arrays + i] = data_of(made[i])
            code = self._do(part.function)
            for i in range(len(made)):
                setattr(self.model, part.makes[i], made[i])
        if code:
            raise RuntimeStateError(
                f"{type(self.model).__qualname__}: its native {part.method} returned {code} in "
                f"step {self.pack.step}"
            )
        return given

    cdef inline object _new(self, int kind):
        return cnp.PyArray_EMPTY(<int>len(self.shape), self.dims, kind, 0)

    def original(self, method, tuple arguments):
        """Do natively what an overridden method is asked to do; NotImplemented if it cannot be."""
        cdef _Part part = self.originals.get(method)
        if part is None or part.function == NULL or not self._look():
            return NotImplemented
        if part.inlet >= 0 or part.outlet >= 0:
            if len(arguments) != 1 or not self._take_argument(part, arguments[0]):
                return NotImplemented
        elif arguments:
            return NotImplemented
        return self._apply(part)

    cdef bint _take_argument(self, _Part part, argument) except -1:
        """Let a function read an argument; what is received may be narrower than it says."""
        cdef Py_ssize_t at = part.inlet if part.inlet >= 0 else self.n_in + part.outlet
        cdef _Inlet inlet
        cdef char *start
        cdef char *other
        if not isinstance(argument, cnp.ndarray) or not self.fits(argument):
            return False
        if part.inlet >= 0:
            inlet = <_Inlet>self.inlets[part.inlet]
            if not is_array(argument, inlet.kind):
                if not cnp.PyArray_CanCastSafely(
                    cnp.PyArray_TYPE(<cnp.ndarray>argument), inlet.kind
                ):
                    return False
                self.pack.arrays[at] = inlet.buffer
                return cnp.PyArray_CopyInto(inlet.view, <cnp.ndarray>argument) == 0
        elif not is_array(argument, (<_Outlet>self.outlets[part.outlet]).kind):
            return False
        start = <char *>data_of(argument)
        for array in self.held:
            other = <char *>data_of(array)
            if (
                start < other + cnp.PyArray_NBYTES(<cnp.ndarray>array)
                and other < start + cnp.PyArray_NBYTES(<cnp.ndarray>argument)
            ):
                return False
        self.pack.arrays[at] = start
        return True

    cdef int _call_part(self, _Part part) except -1:
        method = getattr(self.model, part.method)
        if part.inlet >= 0:
            result = method(part.port.recv())
        elif part.outlet >= 0:
            result = method(getattr(self.model, (<_Outlet>self.outlets[part.outlet]).kept))
        else:
            result = method()
        if part.gives >= 0:
            setattr(self.model, (<_Outlet>self.outlets[part.gives]).kept, result)
        return 0

    cdef bint _shows(self, Py_ssize_t gives) except -1:
        """Let functions read what a method in Python has given, if it is as they would give it."""
        cdef _Outlet outlet
        if gives < 0:
            return True
        outlet = <_Outlet>self.outlets[gives]
        given = getattr(self.model, outlet.kept)
        if not is_array(given, outlet.kind) or not self.fits(given):
            return False
        outlet.array = given
        self.pack.arrays[self.n_in + gives] = data_of(given)
        return True

    cdef int stages(self) noexcept:
        return 0

    cdef bint keeps(self, set names) except -1:
        return False  # attributes have their values after every part

    cdef int settle(self, uint64_t number) except -1:
        return 0


cdef bint take_number(object x, double *to) except -1:
    """A number of double precision, or an array with only that."""
    if isinstance(x, cnp.ndarray):
        if not is_of(x, cnp.NPY_DOUBLE, 1) or cnp.PyArray_NDIM(<cnp.ndarray>x) > 1:
            return False
        to[0] = (<double *>data_of(x))[0]
        return True
    if type(x) is not float and type(x) is not np.float64 and type(x) is not int:
        return False
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
            or kind not in (
                cnp.NPY_BOOL, cnp.NPY_BYTE, cnp.NPY_SHORT, cnp.NPY_INT, cnp.NPY_LONG
            )
        ):
            return False
        x = x.item()
    elif type(x) is not int:
        return False
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

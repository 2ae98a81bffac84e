"""A native step some of whose methods a user replaced. Included by ``_steps.pyx``."""


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
        self.model._la_in_parts = self
        return True

    cdef int leave(self) except -1:
        vars(self.model).pop("_la_in_parts", None)
        return 0

    cdef int step(self, uint64_t number) except -1:
        cdef _Part part
        cdef _Outlet outlet
        cdef Py_ssize_t i
        cdef bint native = True
        self.pack.step = number
        self.model.time_step = number
        for part in self.parts:
            if part.unless is not None and getattr(self.model, part.unless)():
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
        for array in self.held:
            if overlap(argument, array):
                return False
        self.pack.arrays[at] = data_of(argument)
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

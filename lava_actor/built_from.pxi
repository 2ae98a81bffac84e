"""What a native module was built from (`lava_actor.built`). Included by each of them."""


cdef extern from *:
    """
    #ifndef LA_BUILT_FROM
    #define LA_BUILT_FROM ""
    #endif
    """
    const char *LA_BUILT_FROM

BUILT_FROM = LA_BUILT_FROM.decode()

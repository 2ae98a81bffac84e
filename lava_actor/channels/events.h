/* Finding the non-zero elements of an array, bit by bit.
 *
 * "Non-zero" means: some bit is set. So -0.0 and every NaN count as elements, and an array turned
 * into events and back is the same array to the last bit.
 *
 * The scan takes 64 bytes at a time: in spiking networks nearly all of them are zero, and the test
 * compiles to a few vector instructions. A block with anything in it is gone through without
 * branches: the next index is always stored, and kept by moving the end only if it counts.
 */
#ifndef LAVA_ACTOR_EVENTS_H
#define LAVA_ACTOR_EVENTS_H

#include <stdint.h>
#include <string.h>

/* Compile a function for several vector widths and choose when the program is loaded. Not under
 * sanitizers: the choice runs before they are ready. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define LA_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define LA_CLONES
#endif

/* Entries a caller must provide beyond `limit`. */
#define LA_FIND_SLACK 65

/* Write the ascending indices of the non-zero elements of data[0..n) to index and return how many
 * there are, or -1 once there are more than limit. */
#define LA_DEFINE_FIND(NAME, T)                                                                 \
    LA_CLONES static int64_t NAME(const unsigned char *data, int64_t n, int32_t *index,         \
                                  int64_t limit) {                                              \
        enum { PER_WORD = 8 / sizeof(T), PER_BLOCK = 64 / sizeof(T) };                          \
        int64_t i = 0, found = 0;                                                               \
        for (; i + PER_BLOCK <= n; i += PER_BLOCK) {                                            \
            uint64_t word[8], any = 0;                                                          \
            memcpy(word, data + i * (int64_t)sizeof(T), 64);                                    \
            for (int k = 0; k < 8; k++) {                                                       \
                any |= word[k];                                                                 \
            }                                                                                   \
            if (!any) {                                                                         \
                continue;                                                                       \
            }                                                                                   \
            for (int k = 0; k < 8; k++) {                                                       \
                int64_t first = i + k * PER_WORD;                                               \
                if (PER_WORD > 2 && !word[k]) {                                                 \
                    continue;                                                                   \
                }                                                                               \
                for (int e = 0; e < PER_WORD; e++) {                                            \
                    T element;                                                                  \
                    memcpy(&element, data + (first + e) * (int64_t)sizeof(T), sizeof(T));       \
                    index[found] = (int32_t)(first + e);                                        \
                    found += element != 0;                                                      \
                }                                                                               \
            }                                                                                   \
            if (found > limit) {                                                                \
                return -1;                                                                      \
            }                                                                                   \
        }                                                                                       \
        for (; i < n; i++) {                                                                    \
            T element;                                                                          \
            memcpy(&element, data + i * (int64_t)sizeof(T), sizeof(T));                         \
            index[found] = (int32_t)i;                                                          \
            found += element != 0;                                                              \
        }                                                                                       \
        return found > limit ? -1 : found;                                                      \
    }

LA_DEFINE_FIND(la_find_1, uint8_t)
LA_DEFINE_FIND(la_find_2, uint16_t)
LA_DEFINE_FIND(la_find_4, uint32_t)
LA_DEFINE_FIND(la_find_8, uint64_t)

/* True if la_find knows elements of this many bytes. */
static inline int la_can_find(int64_t itemsize) {
    return itemsize == 1 || itemsize == 2 || itemsize == 4 || itemsize == 8;
}

static inline int64_t la_find(const void *data, int64_t n, int64_t itemsize, int32_t *index,
                              int64_t limit) {
    const unsigned char *bytes = (const unsigned char *)data;
    switch (itemsize) {
    case 1:
        return la_find_1(bytes, n, index, limit);
    case 2:
        return la_find_2(bytes, n, index, limit);
    case 4:
        return la_find_4(bytes, n, index, limit);
    default:
        return la_find_8(bytes, n, index, limit);
    }
}

/* values[k] = data[index[k]]; returns 1 if each has the bits of *one. */
#define LA_DEFINE_GATHER(NAME, T)                                                               \
    static int NAME(const unsigned char *data, const int32_t *index, int64_t count,             \
                    const void *one, unsigned char *values) {                                   \
        T pattern, differ = 0;                                                                  \
        memcpy(&pattern, one, sizeof(T));                                                       \
        for (int64_t k = 0; k < count; k++) {                                                   \
            T element;                                                                          \
            memcpy(&element, data + index[k] * (int64_t)sizeof(T), sizeof(T));                  \
            memcpy(values + k * (int64_t)sizeof(T), &element, sizeof(T));                       \
            differ |= element ^ pattern;                                                        \
        }                                                                                       \
        return differ == 0;                                                                     \
    }

LA_DEFINE_GATHER(la_gather_1, uint8_t)
LA_DEFINE_GATHER(la_gather_2, uint16_t)
LA_DEFINE_GATHER(la_gather_4, uint32_t)
LA_DEFINE_GATHER(la_gather_8, uint64_t)

static inline int la_gather(const void *data, int64_t itemsize, const int32_t *index,
                            int64_t count, const void *one, void *values) {
    const unsigned char *from = (const unsigned char *)data;
    unsigned char *to = (unsigned char *)values;
    switch (itemsize) {
    case 1:
        return la_gather_1(from, index, count, one, to);
    case 2:
        return la_gather_2(from, index, count, one, to);
    case 4:
        return la_gather_4(from, index, count, one, to);
    default:
        return la_gather_8(from, index, count, one, to);
    }
}

/* out[index[k]] = values[k], or *one where values is NULL. The indices are known to fit. */
static inline void la_place(void *out, int64_t itemsize, const int32_t *index, int64_t count,
                            const void *values, const void *one) {
    unsigned char *to = (unsigned char *)out;
    const unsigned char *from = (const unsigned char *)(values ? values : one);
    int64_t step = values ? itemsize : 0;
    /* A constant size per loop lets memcpy become one move. */
#define LA_PLACE(N)                                                                             \
    for (int64_t k = 0; k < count; k++) {                                                       \
        memcpy(to + index[k] * (int64_t)(N), from + k * step, (N));                             \
    }
    switch (itemsize) {
    case 1:
        LA_PLACE(1) break;
    case 2:
        LA_PLACE(2) break;
    case 4:
        LA_PLACE(4) break;
    case 8:
        LA_PLACE(8) break;
    case 16:
        LA_PLACE(16) break;
    default:
        LA_PLACE(itemsize)
    }
#undef LA_PLACE
}

/* True if each of count elements has the bits of *one. */
static inline int la_all_ones(const void *values, int64_t itemsize, int64_t count,
                              const void *one) {
    const unsigned char *bytes = (const unsigned char *)values;
    for (int64_t k = 0; k < count; k++) {
        if (memcmp(bytes + k * itemsize, one, (size_t)itemsize) != 0) {
            return 0;
        }
    }
    return 1;
}

enum { LA_INDEX_OUTSIDE = 1, LA_INDEX_ASCENDING = 2 };

/* Copy indices of either width to 32 bits. Returns which of the two things above hold: some index
 * is outside [low, high], or (only meaningful if not) they strictly ascend. */
#define LA_DEFINE_COPY(NAME, T)                                                                 \
    static int NAME(const T *from, int64_t count, int64_t low, int64_t high, int32_t *to) {     \
        int outside = 0, ascending = 1;                                                         \
        int64_t last = INT64_MIN;                                                               \
        for (int64_t k = 0; k < count; k++) {                                                   \
            int64_t index = (int64_t)from[k];                                                   \
            outside |= (index < low) | (index > high);                                          \
            ascending &= index > last;                                                          \
            last = index;                                                                       \
            to[k] = (int32_t)index;                                                             \
        }                                                                                       \
        return (outside ? LA_INDEX_OUTSIDE : 0) | (ascending ? LA_INDEX_ASCENDING : 0);         \
    }

LA_DEFINE_COPY(la_copy_indices_32, int32_t)
LA_DEFINE_COPY(la_copy_indices_64, int64_t)

#endif

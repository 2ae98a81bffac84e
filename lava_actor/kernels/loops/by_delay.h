/* The entries of columns in the order of their delays: those that are due in a step then lie side by side. */
#ifndef LAVA_ACTOR_BY_DELAY_H
#define LAVA_ACTOR_BY_DELAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Delays for each entry of a column, beyond which entries are sorted, not counted. */
#define LA_DELAYS_PER_ENTRY 4

static int la_compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Where entries go in the order of their delays, of which `last` is the longest; so that those of one delay stay in
 * theirs. How many delays there are. `room`: LA_DELAYS_PER_ENTRY * (n + 1) + 2 elements. */
static int64_t la_places_by_delay(int64_t n, const uint32_t *late, uint32_t last, uint64_t *room, int64_t *to) {
    int64_t runs = 0;
    if (last >= (uint64_t)LA_DELAYS_PER_ENTRY * (uint64_t)n) {
        for (int64_t k = 0; k < n; k++) {
            room[k] = (uint64_t)late[k] << 32 | (uint64_t)k;
        }
        qsort(room, (size_t)n, sizeof *room, la_compare_keys);
        for (int64_t k = 0; k < n; k++) {
            to[room[k] & UINT32_MAX] = k;
            runs += !k || room[k] >> 32 != room[k - 1] >> 32;
        }
        return runs;
    }
    memset(room, 0, ((size_t)last + 2) * sizeof *room);
    for (int64_t k = 0; k < n; k++) {
        room[late[k] + 1]++;
    }
    for (uint32_t d = 0; d <= last; d++) {
        runs += room[d + 1] != 0;
        room[d + 1] += room[d];
    }
    for (int64_t k = 0; k < n; k++) {
        to[k] = (int64_t)room[late[k]]++;
    }
    return runs;
}

/* Put the entries of each column in the order of their delays, so that those of one delay stay in theirs. How many
 * runs of one delay there are; 0: two synapses of the same neurons would change places (unless that `may` be); -1: no
 * memory. `value`: what belongs to the entries, of so many bytes each. */
static int64_t la_by_delay(const int64_t *ptr, ptrdiff_t columns, void *row, int bytes, int shift, void *value,
                           size_t width, uint32_t rows, int may) {
    int64_t longest = 0, runs = 0;
    for (ptrdiff_t c = 0; c < columns; c++) {
        longest = ptr[c + 1] - ptr[c] > longest ? ptr[c + 1] - ptr[c] : longest;
    }
    const size_t most = (size_t)longest + 1;
    uint64_t *room = malloc((LA_DELAYS_PER_ENTRY * most + 2) * sizeof *room);
    int64_t *to = malloc(most * sizeof *to);
    uint32_t *late = malloc(most * sizeof *late);
    char *rows_to = malloc(most * (size_t)bytes), *values_to = malloc(most * width + 1);
    if (!room || !to || !late || !rows_to || !values_to) {
        runs = -1;
    }
    for (ptrdiff_t c = 0; c < columns && runs >= 0; c++) {
        const int64_t n = ptr[c + 1] - ptr[c];
        char *from = (char *)row + ptr[c] * bytes;
        int sorted = 1, meet = 0;
        uint32_t last = 0, low = UINT32_MAX;
        for (int64_t k = 0; k < n; k++) {
            uint32_t tall = bytes == 2 ? ((uint16_t *)from)[k] : ((uint32_t *)from)[k] >> shift, before = low;
            late[k] = tall / rows;
            low = tall - late[k] * rows;
            last = late[k] > last ? late[k] : last;
            if (k && late[k] < late[k - 1]) {
                sorted = 0;
                meet |= low == before;
            }
        }
        if (meet && !may) {
            runs = 0;
            break;
        }
        if (sorted) {
            for (int64_t k = 0; k < n; k++) {
                runs += !k || late[k] != late[k - 1];
            }
            continue;
        }
        runs += la_places_by_delay(n, late, last, room, to);
        for (int64_t k = 0; k < n; k++) {
            memcpy(rows_to + to[k] * bytes, from + k * bytes, (size_t)bytes);
        }
        memcpy(from, rows_to, (size_t)(n * bytes));
        if (width) {
            char *values = (char *)value + ptr[c] * (ptrdiff_t)width;
            for (int64_t k = 0; k < n; k++) {
                memcpy(values_to + to[k] * (int64_t)width, values + k * (int64_t)width, width);
            }
            memcpy(values, values_to, (size_t)n * width);
        }
    }
    free(room);
    free(to);
    free(late);
    free(rows_to);
    free(values_to);
    return runs;
}

#endif

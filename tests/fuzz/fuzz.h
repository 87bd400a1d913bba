/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzzers share.
 *
 *     fuzz_NAME.c      a target: LLVMFuzzerTestOneInput, which libFuzzer calls, or main.c for committed seeds
 *     main.c           runs files through a target without libFuzzer
 *     recipe.c         bytes of the fuzzer as choices, numbers and lies
 *     make.h, make_*.c well-formed files from a recipe, but for the lies that it asks for
 *     fuzz.c           contexts, the ways to open the same bytes, failures
 *     same.c           comparisons of two files
 *     reading.c        oracles: the same tensor by every way to read it
 *     saving.c         oracles: what was saved, read again
 *
 * An oracle that does not hold prints both values and aborts. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* ---- recipes: recipe.c ---- */

/* The fuzzer's bytes. When they are used up, all choices are 0, the ordinary ones, or pseudo-random ones.
 *
 * Every number that a maker writes is a place, in the order of writing. A fault changes the number of one
 * place; faults at places that do not exist change bytes of the finished file. */
#define FUZZ_FAULTS 4u
struct fuzz_recipe {
    const uint8_t *at, *end;
    uint64_t random; /* the state of the generator; 0: zeros */
    struct {
        uint32_t place;
        uint8_t how, amount;
    } faults[FUZZ_FAULTS];
    uint32_t fault_count, place;
};
/* Choices from these bytes. The faults are the first of them. */
void fuzz_recipe_begin (struct fuzz_recipe *recipe, const uint8_t *data, size_t size);
/* Pseudo-random choices that depend on these bytes only, for bytes that are a file themselves. */
void fuzz_recipe_random (struct fuzz_recipe *recipe, const uint8_t *data, size_t size);
uint8_t fuzz_byte (struct fuzz_recipe *recipe);
/* 0 … count - 1 */
uint32_t fuzz_below (struct fuzz_recipe *recipe, uint32_t count);
/* True for one byte of `odds`. */
bool fuzz_rarely (struct fuzz_recipe *recipe, uint32_t odds);
/* The number, or what a fault makes of it. */
uint64_t fuzz_lie (struct fuzz_recipe *recipe, uint64_t truth);

/* ---- bytes: recipe.c ---- */

struct fuzz_buffer {
    uint8_t *data;
    size_t size, room;
};
void fuzz_put (struct fuzz_buffer *buffer, const void *bytes, size_t size);
/* `width` bytes, little-endian or big-endian. */
void fuzz_put_number (struct fuzz_buffer *buffer, uint64_t number, unsigned width, bool big);
__attribute__ ((format (printf, 2, 3))) void fuzz_text (struct fuzz_buffer *buffer, const char *format, ...);
/* Bytes of a pattern that the recipe chooses. */
void fuzz_put_pattern (struct fuzz_buffer *buffer, struct fuzz_recipe *recipe, size_t size);
/* Applies the faults that found no place in the file. */
void fuzz_damage (struct fuzz_buffer *buffer, const struct fuzz_recipe *recipe);
void fuzz_free (struct fuzz_buffer *buffer);

/* ---- failures, contexts, files: fuzz.c ---- */

/* The words that the message of a failure begins with. */
extern char fuzz_doing[400];
/* Prints and aborts. */
__attribute__ ((noreturn, format (printf, 1, 2))) void fuzz_fail (const char *format, ...);

/* Contexts of one thread, of four, and of one that describes files in a process without rights. */
enum { FUZZ_ONE = 0, FUZZ_FOUR = 1, FUZZ_ISOLATED = 2 };
tenon_context *fuzz_context (unsigned number);
/* A file without a name, emptied and then filled with these bytes; 0 … FUZZ_STORES - 1. */
#define FUZZ_STORES 3u
int fuzz_store (unsigned number, const void *bytes, size_t size);
/* All bytes of a store. */
void fuzz_load_store (unsigned number, struct fuzz_buffer *to);
/* A folder of its own, which is removed at the end of the process. */
const char *fuzz_folder (void);
void fuzz_empty_folder (void);

/* The same bytes, opened in several ways. The first is from memory, by one thread; the last one is isolated,
 * for some inputs only, since it takes a process, and where the system can do it. */
#define FUZZ_WAYS 6u
struct fuzz_files {
    const uint8_t *data; /* exactly as long as the file, so that sanitizers see its end */
    size_t size;
    unsigned ways; /* that were opened */
    tenon_file *way[FUZZ_WAYS];
    tenon_error error; /* of the first way */
};
/* Opens them all. False if the file is refused, by all. `name`: for its extension; `format` may be NULL. */
bool fuzz_open_all (struct fuzz_files *files, const void *data, size_t size, const char *name,
                    const char *format);
/* The same with a set in the folder. `head` and `other` are paths that stand for it, the second for one way.
 */
bool fuzz_open_set (struct fuzz_files *files, const char *head, const char *other);
void fuzz_close_all (struct fuzz_files *files);

/* ---- same.c, reading.c ---- */

/* Nothing larger is read. */
#define FUZZ_MOST_BYTES ((uint64_t) 1 << 20)
#define FUZZ_MOST_TENSORS 40u

tenon_tensor_info fuzz_tensor (const tenon_file *file, uint64_t index);
struct tenon_dtype fuzz_dtype (const tenon_file *file, uint32_t dtype);
/* All of a tensor, packed. NULL if it cannot be read; then *error says why. The caller frees *memory. */
const uint8_t *fuzz_load (tenon_file *file, uint64_t index, uint32_t dtype, uint64_t *size,
                          tenon_memory **memory, tenon_error *error);
/* True if just one of two reads of the same met the wrong sum of a member of several tensors or chunks: it is
 * compared once all of them were read, by whatever calls. The other read ends well, or meets another fault.
 */
bool fuzz_meets_sum (tenon_status left, tenon_status right);
/* Puts the bytes of a tensor, as they are stored, into C order, little-endian, item by item. False for blocks
 * and packed items, whose layout only the library knows. */
bool fuzz_straighten (const tenon_file *file, const tenon_tensor_info *info, const uint8_t *stored,
                      uint8_t *to);
/* Reads everything in every way, slices of it, and verifies. */
void fuzz_check_reading (struct fuzz_files *files, struct fuzz_recipe *recipe);
void fuzz_same_bytes (const void *left, uint64_t left_size, const void *right, uint64_t right_size,
                      const char *name, const char *what);
/* The same dtypes and shapes. */
void fuzz_same_infos (tenon_file *left, tenon_file *right, uint64_t i, uint64_t j, const char *what);
/* The same tensors, by name or, with `by_number`, in the same order. */
void fuzz_same_tensors (tenon_file *left, tenon_file *right, bool by_number, const char *what);
void fuzz_same_value (const tenon_file *left, const struct tenon_value *a, const tenon_file *right,
                      const struct tenon_value *b, const char *what);
/* The metadata of `left`, in their order if `in_order`, are those of `right`. */
void fuzz_same_metadata (tenon_file *left, tenon_file *right, bool in_order, const char *what);

/* ---- saving.c ---- */

/* Saves the file in the format of every codec, reads the results, and saves them again. */
void fuzz_check_saving (struct fuzz_files *files, struct fuzz_recipe *recipe);

#endif

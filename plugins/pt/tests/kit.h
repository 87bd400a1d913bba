/* SPDX-License-Identifier: MIT */
/* kit.h - makes files of torch.save's older form around a pickle, for the tests of the pt plugin. Storages
 * lie behind the pickles, so that every byte of such a file is the test's own. */
#ifndef KIT_H
#define KIT_H
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

/* Pieces of pickles, protocol 2. */
#define P2 "\x80\x02"
#define TEXT1(text) "X\x01\0\0\0" text
#define TEXT3(text) "X\x03\0\0\0" text
#define TEXT7(text) "X\x07\0\0\0" text
/* The storage "0" of four f32, and a tensor of all of it: 1 2 3 4. */
#define STORAGE_OF(type, items)                                                                              \
    "(" TEXT7 ("storage") "ctorch\n" type "\n" TEXT1 ("0") TEXT3 ("cpu") items "tQ"
#define STORAGE STORAGE_OF ("FloatStorage", "K\x04")
#define NO_HOOKS "ccollections\nOrderedDict\n)R"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n("
#define TENSOR_OF(storage, place) REBUILD storage place "\x89" NO_HOOKS "tR"
#define TENSOR TENSOR_OF (STORAGE, "K\0K\x04\x85K\x01\x85")

#define OFFSET0 "K\0"
/* The arguments behind those of the place: no gradient, no hooks. */
#define REST "\x89" NO_HOOKS
/* The same storage with items of another type: what its sixteen bytes are then. */
#define AS(type, items, shape) TENSOR_OF (STORAGE_OF (type, items), OFFSET0 shape "\x85K\x01\x85")
#define UNTYPED "(" TEXT7 ("storage") "ctorch.storage\nUntypedStorage\n" TEXT1 ("0") TEXT3 ("cpu") "K\x10tQ"
#define VERSION_3(dtype, shape)                                                                              \
    "ctorch._utils\n_rebuild_tensor_v3\n(" UNTYPED OFFSET0 shape "K\x01\x85" REST "ctorch\n" dtype "\ntR"

struct bytes {
    uint8_t *data;
    size_t size, room;
};
void put (struct bytes *to, const void *data, size_t size);
void put_number (struct bytes *to, uint64_t number, unsigned width);

extern tenon_context *context;
extern tenon_error error;
void setup (void);
void teardown (void);
/* Runs the tests that `add_tests` adds, each between setup and teardown; returns the program's exit status.
 */
int run_suite (const char *name, void (*add_tests) (TCase *cases));
/* A context of these settings, separated by blanks. */
void settings (const char *words);

/* A file around the pickle of its object. If it names a storage, there is one, "0": four f32, 1 2 3 4. */
struct bytes file_around (const void *pickle, size_t size);
/* NULL: the failure is in `error`. */
tenon_file *open_bytes (const struct bytes *bytes, const char *name);
/* Opens {'w': TENSOR, 'x': this, 'z': TENSOR}, whose other tensors are checked. */
tenon_file *open_value (const char *value, size_t size);
void close_file (tenon_file *file);
/* True if the report of the file has these words, of a note or loss, or of its item. */
int noted (const tenon_file *file, const char *words);
/* The tensor of this name is f32 [4], 1 2 3 4. */
void has_tensor (tenon_file *file, const char *name);
/* The tensor of this name cannot be read, with this status and these words. */
void spoiled (tenon_file *file, const char *name, tenon_status status, const char *words);
/* The metadata as text: "key=type:value key=type:value". */
const char *listed (const tenon_file *file);
#endif

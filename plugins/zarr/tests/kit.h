/* SPDX-License-Identifier: MIT */
/* kit.h - makes stores of texts and bytes by their keys, as zip archives in memory and as folders, for the
 * tests of the zarr plugin. */
#ifndef KIT_H
#define KIT_H
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

/* Documents. */
#define GROUP3 "{\"zarr_format\":3,\"node_type\":\"group\"}"
#define GROUP2 "{\"zarr_format\":2}"
/* u8 [4] in chunks of 2, where it is not said otherwise. */
#define ARRAY3                                                                                               \
    "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[4],\"data_type\":\"uint8\",\"chunk_grid\":{"      \
    "\"name\":\"regular\",\"configuration\":{\"chunk_shape\":[2]}},\"chunk_key_encoding\":{\"name\":"        \
    "\"default\"},\"fill_value\":7,\"codecs\":[{\"name\":\"bytes\"}]}"
#define ARRAY2                                                                                               \
    "{\"zarr_format\":2,\"shape\":[4],\"chunks\":[2],\"dtype\":\"|u1\",\"compressor\":null,\"fill_value\":"  \
    "7,"                                                                                                     \
    "\"order\":\"C\",\"filters\":null}"

extern tenon_context *context;
extern tenon_error error;
void setup (void);
void teardown (void);
int run_suite (const char *name, void (*add_tests) (TCase *cases));
/* A context of these settings, separated by blanks. */
void settings (const char *words);

/* A store that is being made. */
enum { ROOM = 1 << 22, MOST_KEYS = 4096 };
void store_begin (void);
void store_put (const char *key, const char *text);
void store_put_bytes (const char *key, const void *bytes, size_t size);
/* The bytes of the key that was put last: a test may change them. */
uint8_t *store_last (size_t *size);
/* Cuts it off. */
void store_cut (size_t size);
/* A document with `from` replaced by `to`, in memory that is used again by the next but seven calls. `from`
 * must be there, unless it is "". */
const char *replaced (const char *text, const char *from, const char *to);
/* A store whose root has consolidated metadata of these documents, which are members of an object:
 * "\"a\":{...},\"b\":{...}". */
void store_consolidated (int version, const char *documents);

enum { AS_ZIP = 0, AS_FOLDER = 1 };
/* NULL: the failure is in `error`. */
tenon_file *store_open (int as);
void store_close (tenon_file *file);

/* The tensors, in their order: "a u8 [4];b/c f32 [2,3]"; one that cannot be read is "b !". */
const char *listed (const tenon_file *file);
/* The metadata: "key=value;key=value". */
const char *metadata_of (const tenon_file *file);
/* The tensor of this name cannot be read, with this status and these words. */
void spoiled (tenon_file *file, const char *name, tenon_status status, const char *words);
/* Opening fails with this status and these words. */
void refused (int as, tenon_status status, const char *words);
int noted (const tenon_file *file, const char *words);
/* Reads a tensor, packed, into at most `room` bytes. Returns the number. */
uint64_t read_named (tenon_file *file, const char *name, void *to, uint64_t room);
/* Reading it fails with this status and these words. */
void unreadable (tenon_file *file, const char *name, tenon_status status, const char *words);
#endif

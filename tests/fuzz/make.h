/* SPDX-License-Identifier: MIT */
/* make.h - files from a recipe. Without faults in the recipe they are well-formed. */
#ifndef FUZZ_MAKE_H
#define FUZZ_MAKE_H
#include "fuzz.h"

/* Little-endian, and through fuzz_lie. */
void fuzz_put_field (struct fuzz_buffer *buffer, struct fuzz_recipe *recipe, uint64_t truth, unsigned width);

struct fuzz_shape {
    uint64_t dims[16], elements;
    uint32_t rank;
};
/* At most 4096 items and `most_rank` dims. */
void fuzz_make_shape (struct fuzz_shape *shape, struct fuzz_recipe *recipe, uint32_t most_rank);
/* A name that differs from others by its number, unless the recipe wants them to be the same. */
void fuzz_make_name (char name[64], struct fuzz_recipe *recipe, uint32_t number);

void fuzz_make_npy (struct fuzz_buffer *file, struct fuzz_recipe *recipe);
/* `depth`: of archives in archives that may be in it. */
void fuzz_make_zip (struct fuzz_buffer *file, struct fuzz_recipe *recipe, unsigned depth);
void fuzz_make_gguf (struct fuzz_buffer *file, struct fuzz_recipe *recipe);

/* A file of safetensors, in pieces: a shard needs names that others do not have. */
struct fuzz_safetensors {
    uint32_t first_name;  /* number of the first tensor's name */
    uint32_t count;       /* of tensors, once it is made */
    const char *metadata; /* JSON of __metadata__; NULL: from the recipe */
    size_t metadata_length;
    char names[8][64];
};
void fuzz_make_safetensors (struct fuzz_buffer *file, struct fuzz_recipe *recipe,
                            struct fuzz_safetensors *what);

/* What torch.save writes, in either form. */
struct fuzz_pt {
    uint64_t tensors; /* that were made */
    bool spare;       /* that number may be wrong, or some of them cannot be read */
};
void fuzz_make_pt (struct fuzz_buffer *file, struct fuzz_recipe *recipe, struct fuzz_pt *what);

/* A store of Zarr as a zip archive. Returns the number of arrays. */
uint32_t fuzz_make_zarr (struct fuzz_buffer *file, struct fuzz_recipe *recipe);

/* The JSON of a typed value, with `"type":…,"value":…` as members of an object or not: metadata.c. */
void fuzz_make_typed (struct fuzz_buffer *json, struct fuzz_recipe *recipe, unsigned depth);
/* A JSON string of these bytes. */
void fuzz_put_json_string (struct fuzz_buffer *json, const void *bytes, size_t size);

/* Any of them. Returns a name with the extension. */
const char *fuzz_make_file (struct fuzz_buffer *file, struct fuzz_recipe *recipe);

#endif

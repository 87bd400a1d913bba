/* SPDX-License-Identifier: MIT */
/* making.h - what a codec is given to write when there is no file at hand: small tensors of every dtype, rank
 * and kind of name, and metadata. All is the same whenever it is made. */
#ifndef CHECK_MAKING_H
#define CHECK_MAKING_H
#include "check/record.h"

/* The highest rank of a tensor that is made. */
#define MOST_RANK 8

/* Errors take kilobytes: functions with one of their own are not made a part of others. */
#define APART __attribute__ ((noinline))

struct made_tensor {
    char name[320];
    uint32_t dtype, rank, flags; /* flags: the layout of `data` */
    uint64_t shape[MOST_RANK];
    void *data;
    uint64_t size;
    char what[200];  /* "f32 [2,3]" */
    uint64_t digest; /* of the data in C order, little-endian */
};
/* What goes into one file. */
struct making {
    char title[48]; /* "dtypes", for the names of files and messages */
    struct made_tensor *tensors;
    size_t count;
    bool metadata; /* with an entry of each type */
};
struct making_list {
    struct making *items;
    size_t count;
};

/* All that the codec can write. It is asked by dry runs, and a tensor that it refuses is left out, of which
 * the caller hears by `refused`, which may be NULL. making_list_clean frees it. */
typedef void making_refusal (void *user, const struct made_tensor *tensor, const tenon_error *error);
void making_list_make (tenon_context *context, const tenon_codec_info *codec, making_refusal *refused,
                       void *user, struct making_list *list);
/* What tensors are like that it can write: a dtype, f32 if it can, and a rank from 1 to 4. TENON_NONE: there
 * are none. */
struct made_form {
    uint32_t dtype, rank;
};
struct made_form making_form (tenon_context *context, const tenon_codec_info *codec);
/* A shape of that rank for a dtype with so many items in a block. The last dim grows with `count`; of ranks
 * above 2 the one before it, and the last one is 3, as in images. Returns the number of blocks. */
uint64_t made_shape (const struct made_form *form, uint64_t items, uint64_t count, uint64_t shape[4]);
void making_free (struct making *making);
void making_list_clean (struct making_list *list);

/* The plan of it, whose data stay those of `making`. NULL: the library refuses it. plan_clean frees it. */
tenon_plan *making_plan (tenon_context *context, const struct making *making, tenon_error *error);
/* Adds the metadata: an entry of each type. False: the library refuses them. */
bool making_add_metadata (tenon_plan *plan, tenon_error *error);
/* What a file of the plan should hold. */
void making_record (tenon_context *context, const struct making *making, struct record *record);

/* A tensor of random items; the caller frees its data. */
void made_tensor_fill (tenon_context *context, struct made_tensor *tensor, const char *name, uint32_t dtype,
                       uint32_t rank, const uint64_t *shape);
/* Lays the data of a matrix of real numbers out as TENON_FORTRAN and TENON_BIG_ENDIAN say. */
void made_tensor_turn (struct made_tensor *tensor, uint32_t flags);
bool making_add (tenon_plan *plan, const struct made_tensor *tensor, tenon_error *error);

/* Random numbers, the same for the same seed. */
uint64_t made_random (uint64_t *state);
void made_bytes (uint64_t *state, void *to, uint64_t size);

/* Saves a plan as the codec's format, under exactly this path. */
tenon_status made_save (tenon_plan *plan, const tenon_codec_info *codec, const char *path, uint32_t flags,
                        const char *const *settings, tenon_report **report, tenon_error *error);
/* Opens it with that codec. */
tenon_status made_open (tenon_context *context, const tenon_codec_info *codec, const char *path,
                        const char *const *settings, tenon_file **file, tenon_error *error);
#endif

/* SPDX-License-Identifier: MIT */
/* pt_write.h - what the files that write share. */
#ifndef PT_WRITE_H
#define PT_WRITE_H

#include "pickle_write.h"

/* The folder of all members. torch.save takes the file's name for it, and "archive" without one: a file's
 * bytes must not depend on its name. */
#define PT_FOLDER "archive/"
#define PT_DATA_KEY PT_FOLDER "data.pkl"
#define PT_ORDER_KEY PT_FOLDER "byteorder"
#define PT_VERSION_KEY PT_FOLDER "version"
#define PT_METADATA_KEY PT_FOLDER "tenon.json"
#define PT_STORAGE_KEY PT_FOLDER "data/"
#define PT_ALIGNMENT 64u /* of storages in the file */
#define PT_NO_NODE UINT32_MAX
/* The most dims that numbers of tensors are kept for on the stack. */
#define PT_MOST_RANK 64u

/* ---- dtypes ---- */

/* Fails if PyTorch has nothing for the dtype, or the shape in it. */
tenon_status pt_check_tensor (struct tenon_call *call, const struct tenon_tensor *tensor);
/* True if it stays in Fortran order: PyTorch has any strides. */
int pt_is_fortran (const struct tenon_tensor *tensor);

/* ---- outlines: outline.c ---- */

#define PT_OUTLINE "tenon.pt"
/* The prefixes of a name that are looked up in one, at most. */
#define PT_MOST_LOOKUPS 256u

/* What a node is. The first four are containers. */
enum {
    PT_NODE_DICT,
    PT_NODE_ORDERED,
    PT_NODE_LIST,
    PT_NODE_TUPLE,
    PT_NODE_INTS /* outlines only */,
    PT_NODE_TENSOR,
    PT_NODE_VALUE
};

struct pt_part {
    const char *name; /* that its items have before theirs; "": the whole */
    uint64_t length;
    uint32_t kind, node; /* node 0: not in the tree yet */
    int is_attribute;
    int is_value; /* a list or tuple that is one entry of metadata: nothing else is in it */
};
struct pt_outline {
    struct pt_part *parts; /* the first one is the whole */
    uint32_t *slots;       /* 1 + the number of a part, by name; 0: none */
    uint64_t mask, longest;
    uint32_t count;
    int has_values; /* the whole has values, not in parts */
};
/* *found is 0, with a note, if the value is no outline. */
tenon_status pt_read_outline (struct tenon_call *call, const struct tenon_value *value,
                              struct pt_outline *outline, int *found);
/* NULL: none has this name. */
struct pt_part *pt_find_part (struct tenon_call *call, const struct pt_outline *outline, const char *name,
                              uint64_t length);

/* ---- the object: tree.c ---- */

/* The whole, or an entry of a container. */
struct pt_node {
    const char *key; /* UTF-8 */
    uint64_t key_length;
    uint64_t index;              /* of the tensor, or of the entry of metadata */
    uint32_t kind, parent, next; /* the latter are nodes */
    uint32_t depth;              /* the containers that it is in */
    uint32_t first, last;        /* containers: its entries */
    uint32_t count, done;        /* containers: entries, and those that are written */
    uint32_t attributes;         /* ORDERED: the dict of its attributes; 0: none */
    uint32_t front, entered;     /* containers: see insert_leaf */
    uint32_t tail;               /* in its container: the last of the leaves that follow it */
    uint8_t int_keys;            /* DICT: keys that are numbers become numbers */
    uint8_t as_tuple;            /* VALUE: a tuple */
    uint8_t as_none;             /* VALUE: None is in its place */
    uint8_t begun;               /* ORDERED: attributes are written, or being written */
};

/* What becomes the pickle. Node 0 is the whole. */
struct pt_tree {
    struct tenon_call *call;
    const struct pt_outline *outline; /* NULL: none */
    struct pt_node *nodes;
    uint32_t *slots; /* nodes by parent and key, in a hash table; 0: none */
    uint64_t mask;
    uint32_t count;
    int nested; /* pt.nest=yes */
    const struct pt_node *taken;
};

/* For so many tensors and entries of metadata. */
tenon_status pt_begin_tree (struct pt_tree *tree, struct tenon_call *call, uint64_t tensors,
                            uint64_t metadata, const struct pt_outline *outline, int nested);
/* Adds the parts of the outline that the tree began with. 0: they are too deep in each other, so that a
 * reader would leave out what is in them. */
int pt_grow_outline (struct pt_tree *tree, struct pt_outline *outline);
/* The entries of a container keep the order of the plan, which has one for tensors and one for metadata: all
 * of the former are added, and then this is called before the latter are. */
void pt_begin_sequence (struct pt_tree *tree);
/* *added is NULL if something has the name already, or what is no container has the first part of it
 * (tree->taken); then nothing was added. */
tenon_status pt_add_node (struct pt_tree *tree, const char *name, uint64_t length, uint32_t kind,
                          uint64_t index, struct pt_node **added);
/* True if the text is a number as it is printed, and an int64_t holds it. */
int pt_take_integer (const char *text, uint64_t length, int64_t *number);
/* After the last node. */
tenon_status pt_order_lists (struct pt_tree *tree);

/* The container of the outline that a name begins with, and the length of that beginning with its dot; else 0
 * and 0. */
uint32_t pt_find_parent (const struct pt_tree *tree, const char *name, uint64_t *length);

/* ---- metadata ---- */

/* *fits: 1: a pickle keeps the value and its type; 0: it gets another type, so that the member has to keep it
 * as well; -1: a pickle has no place for it. */
tenon_status pt_fits_pickle (struct tenon_call *call, const struct tenon_value *value, int *fits);
/* An array becomes a list, or a tuple. */
tenon_status pt_put_value (struct pt_out *out, const struct tenon_value *value, int as_tuple);
/* The member of metadata, of all entries but those with left_out[i]. */
tenon_status pt_put_metadata (struct tenon_call *call, uint64_t entries, const uint8_t *left_out);

/* ---- data.pkl ---- */

struct pt_pickle {
    struct pt_out out;
    struct pt_tree *tree;
    const uint32_t *storages; /* the number of each tensor's */
    /* what is written once */
    pt_memo storage, cpu, untyped, ordered, rebuild_2, rebuild_3, types[TENON_DTYPE_FIXED];
    pt_memo *keys; /* of storages, by number */
};
tenon_status pt_put_object (struct pt_pickle *pickle);

/* ---- writing ---- */

enum { PT_OPTION_METADATA, PT_OPTION_NEST, PT_WRITE_OPTIONS };
enum { PT_METADATA_KEEP, PT_METADATA_DICT, PT_METADATA_MEMBER };
enum { PT_NEST_KEEP, PT_NEST_YES, PT_NEST_NO };

tenon_status pt_write (struct tenon_call *call);

#endif

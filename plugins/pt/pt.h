/* SPDX-License-Identifier: MIT */
/* pt.h - what the files of the pt plugin share.
 *
 *     pt.c        the plugin's tables
 *     values.c    the values of a pickle: numbers, texts, containers, calls that are not made
 *     stack.c     the bytes of a pickle, and the stack of its values
 *     literals.c  the opcodes that push one value
 *     containers.c  the opcodes of lists, tuples, dicts and sets
 *     objects.c   the opcodes of globals, objects and calls
 *     unpickle.c  the stack machine, its marks and its memo
 *     globals.c   the names of functions and classes that are known
 *     storages.c  the storages that a pickle names
 *     shape.c     the shape of a tensor
 *     array.c     a call that stands for a tensor: its dtype, shape and place
 *     numpy.c     arrays and numbers of NumPy
 *     entry.c     one entry of metadata
 *     served.c    arrays of NumPy whose bytes are text
 *     metadata.c  texts, numbers and arrays of them, as metadata
 *     frames.c    the values whose parts are being visited
 *     walk.c      the values of a pickle, one after the other
 *     names.c     their names, which are made of keys
 *     visit.c     what becomes of one value: a tensor, metadata, or parts with names of their own
 *     archive.c   torch.save's archives
 *     outline_make.c  what the containers were, so that they can be written again
 *     legacy.c    what torch.save wrote before version 1.6: pickles, and storages behind them
 *
 * Nothing that a pickle names is run or looked up: a call is a value with a name and arguments, and what it
 * stands for is known of a few names only. */
#ifndef TENON_PT_H
#define TENON_PT_H

#include <tenon/json.h>
#include <tenon/plugin.h>

/* Entries of the report that are told one by one; later ones are counted. */
#define PT_MOST_NOTES 100u

/* ---- values: values.c -------------------------------------------------------------------------------- */

enum {
    PT_NONE,
    PT_BOOL,   /* as.i */
    PT_INT,    /* as.i */
    PT_UINT,   /* as.u, above INT64_MAX */
    PT_HUGE,   /* an integer of more than 64 bits, `count` bytes or digits of it */
    PT_FLOAT,  /* as.f */
    PT_STRING, /* `count` bytes at as.bytes, which need not be UTF-8 */
    PT_BYTES,
    PT_TUPLE, /* `count` values, as.items */
    PT_LIST,
    PT_SET,
    PT_DICT,   /* the same: keys and values in turn */
    PT_GLOBAL, /* module and name, two strings, as.items; sub: PT_G_*, detail: row of its table */
    PT_OBJECT, /* a call, or an instance: PT_SLOTS values, as.items */
    PT_STORAGE /* as.items: the tuple of the persistent id, the number of the storage */
};
/* The values of an object; 0, which is None, where there is none. */
enum {
    PT_CALLEE,
    PT_ARGUMENTS, /* always a tuple */
    PT_STATE,     /* what BUILD gave it */
    PT_ITEMS,     /* a list: what was appended */
    PT_ENTRIES,   /* a dict: what was set */
    PT_SLOTS
};
/* pt_value.flags */
enum {
    PT_ON_PATH = 1, /* its parts are being visited */
    PT_CHECKED = 2  /* a dict whose keys were compared */
};

/* 16 bytes. Values refer to each other by number, so that loops do no harm. */
struct pt_value {
    uint8_t kind, sub;
    uint8_t flags, detail;
    uint32_t count;
    union {
        int64_t i;
        uint64_t u;
        double f;
        const uint8_t *bytes;
        uint32_t *items;
    } as;
};

/* Values that are always there, by number. */
enum { PT_V_NONE = 0, PT_V_FALSE = 1, PT_V_TRUE = 2, PT_V_EMPTY = 3 /* () */, PT_V_BYTE = 4 /* 0 … 255 */ };

/* A failure that the caller may yet forgive, or report. */
struct pt_fault {
    tenon_status status; /* 0: none */
    uint64_t place;      /* in the pickle */
    char words[320];
};

/* A storage that a pickle names. */
#define PT_NO_SOURCE UINT32_MAX
enum { PT_UNOPENED, PT_OPENED, PT_MISSING };
struct pt_storage {
    const uint8_t *key;
    uint32_t key_length, state;
    uint64_t hash;
    uint32_t source, users; /* the number of tensors in it */
    uint32_t item_size;     /* bytes of an item of the first storage of that key; 0: the pickle has none */
    uint64_t offset, size;  /* bytes in that source */
    tenon_status status;    /* PT_MISSING: why, NULL if there is none of that key */
    const char *why;
};

#define PT_BLOCK_BITS 12u
struct pt_machine {
    struct tenon_call *call;
    const uint8_t *bytes; /* the pickle */
    uint64_t size, at;
    uint64_t need;  /* after TENON_E_TRUNCATED: the size that it would have at least */
    uint64_t drawn; /* work */
    uint64_t owed;  /* work that is not drawn yet */
    struct pt_value **blocks;
    uint32_t block_count, block_room, value_count;
    uint8_t *room; /* for small pieces */
    uint64_t room_left;
    uint32_t *stack, *marks, *memo; /* memo: 0: nothing, else 1 + the value */
    uint32_t depth, stack_room, mark_count, mark_room, memo_room, memo_count;
    uint64_t *slots; /* of the table of storages: 0, or 1 + the number, and bits of the hash above it */
    struct pt_storage *storages;
    uint32_t slot_count, storage_count, storage_room;
    uint32_t stopped;
    struct pt_fault fault;
};

static inline struct pt_value *
pt_at (const struct pt_machine *machine, uint32_t value)
{
    return &machine->blocks[value >> PT_BLOCK_BITS][value & ((1u << PT_BLOCK_BITS) - 1)];
}

tenon_status pt_begin (struct pt_machine *machine, struct tenon_call *call);
/* Memory that lives as long as the call, aligned to 8. NULL: the host has recorded the failure. */
void *pt_room (struct pt_machine *machine, uint64_t size);
/* Work of so many bytes: a value costs its bytes once, but each time that the pickle recalls it and they are
 * looked at again. */
tenon_status pt_draw (struct pt_machine *machine, uint64_t amount);
/* Makes a table of `*room` items have room for `wanted` at least. */
tenon_status pt_grow (struct tenon_call *call, void *table, uint32_t *room, uint64_t wanted, uint64_t item);
/* A new value, all zero but for its kind. 0: the failure is recorded. */
uint32_t pt_new (struct pt_machine *machine, uint8_t kind);
uint32_t pt_new_int (struct pt_machine *machine, int64_t number);
uint32_t pt_new_bytes (struct pt_machine *machine, uint8_t kind, const uint8_t *bytes, uint64_t count);
uint32_t pt_new_items (struct pt_machine *machine, uint8_t kind, const uint32_t *items, uint32_t count);
uint32_t pt_new_object (struct pt_machine *machine, uint32_t callee, uint32_t arguments);
/* Appends to a list, set or dict. */
tenon_status pt_extend (struct pt_machine *machine, uint32_t value, const uint32_t *items, uint32_t count);
/* True if the value is a string, or bytes, of these letters. */
int pt_is (const struct pt_value *value, const char *text);
/* Item number `index` of a tuple or list; None if it has fewer. */
static inline uint32_t
pt_item (const struct pt_machine *machine, uint32_t value, uint32_t index)
{
    const struct pt_value *list = pt_at (machine, value);
    return (list->kind == PT_TUPLE || list->kind == PT_LIST) && index < list->count ? list->as.items[index]
                                                                                    : PT_V_NONE;
}
/* True if the bytes are UTF-8 without NUL. */
int pt_utf8 (const uint8_t *bytes, uint64_t length);
/* A text for a message: at most 60 bytes of it, those that are not ASCII as '?'. */
#define PT_SHOWN 64
const char *pt_show (const uint8_t *bytes, uint64_t length, char shown[PT_SHOWN]);
/* Sets the machine's fault, and is its status. */
__attribute__ ((format (printf, 4, 5))) tenon_status pt_fault_at (struct pt_machine *machine,
                                                                  tenon_status status, uint64_t place,
                                                                  const char *format, ...);

/* ---- the stack machine: unpickle.c, stack.c, literals.c, containers.c, objects.c ----------------------- */

/* Reads the pickle at bytes + at, to its STOP. *root: the value. A negative status is that of machine->fault,
 * if that has one, else the host has recorded it. */
tenon_status pt_unpickle (struct pt_machine *machine, uint32_t *root);
/* The fault of a pickle that has fewer bytes left. */
tenon_status pt_fail_short (struct pt_machine *machine, uint64_t length);
/* For the opcodes: the next bytes, or NULL and the fault; the same up to a '\n', which is passed over. These
 * and pt_push are most of what a pickle costs: they are inlined. */
static inline const uint8_t *
pt_take (struct pt_machine *machine, uint64_t length)
{
    const uint8_t *found = machine->bytes + machine->at;
    if (length > machine->size - machine->at) {
        pt_fail_short (machine, length);
        return NULL;
    }
    machine->at += length;
    return found;
}
const uint8_t *pt_take_line (struct pt_machine *machine, uint64_t *length);
tenon_status pt_widen_stack (struct pt_machine *machine);
static inline tenon_status
pt_push (struct pt_machine *machine, uint32_t value)
{
    if (machine->depth == machine->stack_room)
        TENON_TRY (pt_widen_stack (machine));
    machine->stack[machine->depth++] = value;
    return TENON_OK;
}
/* The same, of a value that was made; 0: there was no memory. */
tenon_status pt_push_made (struct pt_machine *machine, uint32_t value);
/* Fails unless so many values lie above the last mark. */
tenon_status pt_fail_values (struct pt_machine *machine, uint32_t count);
static inline tenon_status
pt_need_values (struct pt_machine *machine, uint32_t count)
{
    uint32_t floor = machine->mark_count ? machine->marks[machine->mark_count - 1] : 0;
    return machine->depth - floor >= count ? (tenon_status) TENON_OK : pt_fail_values (machine, count);
}
/* Takes the mark away: *first is the place of the first value above it, *count the number of them. */
tenon_status pt_take_mark (struct pt_machine *machine, uint32_t *first, uint32_t *count);
/* Fails: the opcode needs something else. */
tenon_status pt_wrong_kind (struct pt_machine *machine, const char *wanted);

/* Puts a container in the place of the last `count` values, which it holds. */
tenon_status pt_gather_values (struct pt_machine *machine, uint8_t kind, uint32_t count);
/* Opcodes of containers, and of globals, objects and calls. */
tenon_status pt_run_container (struct pt_machine *machine, uint8_t opcode);
tenon_status pt_run_object (struct pt_machine *machine, uint8_t opcode);
/* An opcode that pushes a number or text. PT_OTHER: it is none of those. */
#define PT_OTHER 1
int32_t pt_run_literal (struct pt_machine *machine, uint8_t opcode);

/* ---- globals: globals.c ------------------------------------------------------------------------------- */

enum {
    PT_G_UNKNOWN,
    PT_G_DICT,       /* a dict of an argument's entries, and of those that were set */
    PT_G_DEFAULTS,   /* the same; its first argument makes values */
    PT_G_LIST,       /* of the items of an argument */
    PT_G_ATTRIBUTES, /* an object whose attributes are all that it is */
    PT_G_BYTES,
    PT_G_ENCODE,
    PT_G_COMPLEX,
    PT_G_DEVICE,
    PT_G_LAYOUT,
    PT_G_PATH,
    PT_G_MAKE, /* copyreg's: its first argument is the class */
    PT_G_TENSOR,
    PT_G_TENSOR_2,
    PT_G_TENSOR_3,
    PT_G_PARAMETER,
    PT_G_FROM_TYPE,
    PT_G_FROM_DEVICE,
    PT_G_QUANTISED,
    PT_G_SPARSE,
    PT_G_META,
    PT_G_NESTED,
    PT_G_WRAPPER,
    PT_G_OLD_STORAGE,
    PT_G_DTYPE,   /* detail: a row of pt_dtypes */
    PT_G_STORAGE, /* likewise */
    PT_G_WORD,    /* a constant, such as torch.per_tensor_affine */
    PT_G_NUMPY_ARRAY,
    PT_G_NUMPY_BUFFER,
    PT_G_NUMPY_SCALAR,
    PT_G_NUMPY_DTYPE
};
/* A value for module.name, two strings. 0: the failure is recorded. */
uint32_t pt_new_global (struct pt_machine *machine, uint32_t module, uint32_t name);
/* What the value is as something to call: PT_G_UNKNOWN if it is no known global. */
static inline uint32_t
pt_global (const struct pt_machine *machine, uint32_t value)
{
    const struct pt_value *global = pt_at (machine, value);
    return global->kind == PT_GLOBAL ? global->sub : (uint32_t) PT_G_UNKNOWN;
}
/* "torch.float32", for a message. */
#define PT_SHOWN_GLOBAL (2 * PT_SHOWN + 1)
const char *pt_show_global (const struct pt_machine *machine, uint32_t value, char shown[PT_SHOWN_GLOBAL]);

/* Element types of torch. */
struct pt_dtype {
    const char *name, *other; /* torch.NAME */
    const char *storage;      /* torch.STORAGE; NULL: it has none of its own */
    uint32_t dtype;           /* TENON_NONE: tenon has none */
    uint32_t size;            /* bytes of an item; 0: not known */
    const char *why;          /* of those without a dtype */
};
extern const struct pt_dtype pt_dtypes[];
#define PT_BYTE_TYPE 0u /* the row of uint8 */
/* The row of one of tenon's dtypes; NULL: torch has none. */
const struct pt_dtype *pt_dtype_of (uint32_t dtype);

/* ---- storages: storages.c ----------------------------------------------------------------------------- */

/* The number of the storage of this key, a new one if need be; *number. */
tenon_status pt_intern (struct pt_machine *machine, const uint8_t *key, uint32_t length, uint32_t *number);
/* True if the pickle names a storage of this key. */
int pt_names_storage (const struct pt_machine *machine, const uint8_t *key, uint64_t length);
/* A value for what BINPERSID finds: PT_STORAGE, or an object that nothing is known of. 0: the failure is
 * recorded. */
uint32_t pt_new_storage (struct pt_machine *machine, uint32_t id);

/* ---- files: walk.c, visit.c, array.c, metadata.c ------------------------------------------------------- */

/* A file while it is described. */
struct pt_name {
    const char *text;
    uint64_t hash;
    uint32_t length, uses; /* uses: how many values would have the name */
};
struct pt_frame {
    const uint32_t *items; /* keys and values in turn, or values, or tuples of both */
    uint32_t count, next;
    uint32_t owner; /* the value whose parts these are; 0: another frame has it */
    uint32_t name_length;
    uint8_t form, level, tensors_only, is_module;
    uint8_t is_state; /* attributes of the owner */
};
enum { PT_FORM_VALUES, PT_FORM_ENTRIES, PT_FORM_PAIRS };
/* Containers in each other, the whole among them: what limits.depth allows, at most this many. A writer that
 * makes more of them loses what is in them. */
#define PT_MOST_DEPTH 100u
uint32_t pt_depth (struct tenon_call *call);
struct pt_names {
    struct pt_name *list;
    uint64_t *slots;
    uint32_t count, room, slot_count;
};
#define PT_FRAMES (6u * (PT_MOST_DEPTH + 1))
struct pt_reader {
    struct tenon_call *call;
    struct pt_machine machine;
    uint32_t pickle_source; /* that holds machine.bytes … */
    uint64_t pickle_offset; /* … at this offset */
    uint32_t big_endian;    /* TENON_BIG_ENDIAN, or 0 */
    /* Opens a storage: state, source, offset, size. */
    tenon_status (*open) (struct pt_reader *reader, struct pt_storage *storage);
    void *own;         /* the opener's */
    uint32_t counting; /* 1: tensors are counted, not added */
    uint32_t depth, top;
    struct pt_frame *frames;
    char *name; /* of the value that is visited, with a NUL behind it */
    uint32_t name_length, name_room;
    struct pt_names tensors, metadata;
    uint64_t *keys; /* a table of the keys of one dict */
    uint32_t key_room;
    uint64_t noted, left_out; /* losses that were told, and others */
    struct pt_kept *kept;     /* of tenon.json; the first names of `metadata` */
    uint32_t kept_count;
    struct tenon_json_out outline; /* all parts but the whole */
    uint64_t parts;
    const char *whole; /* what it is; NULL: no container */
    int has_values;    /* the whole has metadata, not in parts */
    uint64_t work;     /* not drawn yet */
};

/* Reports the fault of the machine, or `status` if it has none. */
tenon_status pt_report (struct pt_reader *reader, tenon_status status);
/* Adds all that the value holds to the catalog. */
tenon_status pt_walk (struct pt_reader *reader, uint32_t root);
/* Makes its parts be visited, in the names of the value that is visited. */
tenon_status pt_enter (struct pt_reader *reader, uint32_t owner, const struct pt_frame *frames,
                       uint32_t count);
/* The present name, with a number if a tensor, or an entry of metadata, has it already. It is used from now
 * on. */
tenon_status pt_free_name (struct pt_reader *reader, struct pt_names *names, const char **text,
                           uint32_t *length);
/* A loss that concerns the present name, but for the hundredth and later ones, which are counted. */
__attribute__ ((format (printf, 2, 3))) void pt_lose (struct pt_reader *reader, const char *format, ...);
tenon_status pt_visit (struct pt_reader *reader, uint32_t value);

/* tenon_tensor.state of an array of NumPy whose bytes the pickle has as characters. */
struct pt_served {
    uint64_t offset, length; /* of the text in the tensor's source, UTF-8 */
    uint8_t item, part;      /* bytes of an item, and of a number in it */
    uint8_t swap, fortran;
    uint32_t reserved;
};
tenon_status pt_read_served (struct tenon_call *call, const struct tenon_tensor *tensor,
                             const struct tenon_region *region, void *to, uint64_t size);

/* A tensor as the pickle describes it. */
struct pt_array {
    struct tenon_tensor tensor;
    uint32_t storage; /* its number, or PT_NO_SOURCE */
    uint32_t state;   /* attributes beside it: a value, or 0 */
    const char *dtype_word;
    char word[PT_SHOWN];
    struct pt_served served;
    int64_t strides[64];
    uint64_t shape[64];
    struct pt_fault fault; /* it cannot be read */
};
/* True if the object stands for a tensor. */
int pt_is_array (const struct pt_machine *machine, uint32_t value);
/* What it is; array->fault says why it cannot be read, if so. */
tenon_status pt_read_array (struct pt_reader *reader, uint32_t value, struct pt_array *array);
/* The same of an array of NumPy. */
tenon_status pt_read_numpy (struct pt_reader *reader, uint32_t value, struct pt_array *array);
/* A fault of the array: the first one counts. */
__attribute__ ((format (printf, 3, 4))) void pt_spoil (struct pt_array *array, tenon_status status,
                                                       const char *format, ...);
/* Sets shape, strides and, if they are packed, the order. `size` and `stride` are tuples; stride may be 0. */
void pt_take_shape (struct pt_reader *reader, struct pt_array *array, uint32_t size, uint32_t stride);

/* Adds the value under the present name, if it is one that metadata can have. PT_OTHER: it is none. */
int32_t pt_add_metadata (struct pt_reader *reader, uint32_t value);
tenon_status pt_add_value (struct pt_reader *reader, const struct tenon_value *value);
/* The bytes that a call of bytes, bytearray or _codecs.encode stands for, and where they lie in the pickle if
 * they do. 0: it is none of these. */
int32_t pt_bytes_of (struct pt_reader *reader, uint32_t value, const uint8_t **bytes, uint64_t *count);
/* A number of NumPy. PT_OTHER: it is none. */
int32_t pt_numpy_scalar (struct pt_reader *reader, uint32_t value, struct tenon_value *scalar);

/* ---- outlines: outline_make.c ------------------------------------------------------------------------- */

/* The key of the entry of metadata. */
#define PT_OUTLINE "tenon.pt"
/* A container that is entered under the present name, and a list that becomes one entry of metadata, or none.
 */
void pt_note_container (struct pt_reader *reader, uint32_t owner);
void pt_note_list (struct pt_reader *reader, const struct pt_value *list);
/* Adds it, if it tells more than the names do. */
tenon_status pt_add_outline (struct pt_reader *reader);

/* ---- tenon.json: metadata_read.c, names.c -------------------------------------------------------------- */

/* The member in which tenon keeps metadata that a pickle has no place or no type for. */
#define PT_MEMBER "tenon.json"
struct pt_kept {
    const char *key;
    uint32_t key_length;
    int added; /* to the catalog */
    struct tenon_value value;
};
/* Keeps what it has. Values of the pickle that have the same names give way to it, each in its place. */
tenon_status pt_read_member (struct pt_reader *reader, const void *text, uint64_t length);
/* The entry of this key; NULL: the member has none. */
struct pt_kept *pt_find_kept (struct pt_reader *reader, const char *key, uint32_t length);
/* True if it has an entry for item number `index` of the present name. */
int pt_is_item_kept (struct pt_reader *reader, uint32_t index);
tenon_status pt_add_kept (struct pt_reader *reader, struct pt_kept *kept);
/* Adds those that no value of the pickle has the name of. */
tenon_status pt_add_others (struct pt_reader *reader);
/* names.c: enters the key of a new one, before any other name. *known: there was one of that key. */
tenon_status pt_keep_key (struct pt_reader *reader, const char *key, uint32_t length, int *known);
/* The number of the name, from 0; UINT32_MAX: it is in no use. */
uint32_t pt_find_name (struct pt_reader *reader, const struct pt_names *names, const char *text,
                       uint32_t length);

/* ---- containers: archive.c, legacy.c ------------------------------------------------------------------ */

tenon_status pt_describe_archive (struct tenon_call *call);
tenon_status pt_describe_legacy (struct tenon_call *call);
int32_t pt_probe_legacy (struct tenon_call *call);

#endif

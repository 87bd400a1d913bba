/* SPDX-License-Identifier: MIT */
/* context.h - a context: the configuration, the plugins that it enabled, and what they registered. */
#ifndef TN_CONTEXT_H
#define TN_CONTEXT_H
#include "base/base.h"
#include "base/hash.h"
#include "base/pool.h"
#include "context/installed.h"
#include "context/settings.h"
#include "isolate/zygote.h"
#include <stdatomic.h>
#include <tenon/plugin.h>

/* A plugin that is in use. `table` is a copy of what it handed over; its texts are the plugin's, which is
 * never unloaded. */
struct tn_plugin {
    struct tenon_plugin table;
    char *name;           /* as in [plugin NAME]: the file's stem; table.name is the same */
    char *file;           /* NULL: built in */
    bool own;             /* it belongs to this library: built with it, of the same version */
    uint64_t number;      /* in the registry */
    atomic_uint *running; /* in an isolated child: takes the number of the plugin that is called; else NULL */
};

/* In an isolated child: tells the program which plugin is called from now on. Returns what to leave it with.
 * NULL is the core, which is not told of. */
static inline uint32_t
tn_plugin_enter (const struct tn_plugin *plugin)
{
    return plugin && plugin->running
               ? atomic_exchange_explicit (plugin->running, (uint32_t) plugin->number, memory_order_relaxed)
               : 0;
}
static inline void
tn_plugin_leave (const struct tn_plugin *plugin, uint32_t outer)
{
    if (plugin && plugin->running)
        atomic_store_explicit (plugin->running, outer, memory_order_relaxed);
}

/* Copies of what plugins registered, as large as this version's structs, whatever the size of theirs. */
struct tn_codec {
    struct tenon_codec table; /* its magics and options are copies, too: element sizes are sizeof */
    struct tenon_codec usual; /* the same with default_dtypes, if there are any */
    uint32_t member_option, dtypes_option; /* 1 + the number of the option of that name; 0: none */
    struct tenon_archive archive;          /* of the codec of archives, to which the table points */
    const struct tn_plugin *plugin;
    char **extensions; /* as configured, NULL-terminated; one block of memory */
    uint32_t letters; /* bit c % 32: one of them, or set_index, ends in the letter c (tn_codec_end_letters) */
    int64_t priority;
    struct tenon_setting *settings; /* effective value of each option */
    char *section;                  /* "codec ID" */
    char *filter_words; /* of its archive: the choices of options that name a filter; NULL: not known */
};
static inline bool
tn_codec_is_hidden (const struct tn_codec *codec)
{
    return codec->table.flags & TENON_CODEC_HIDDEN;
}
struct tn_filter {
    struct tenon_filter table;
    const struct tn_plugin *plugin; /* NULL: the core's */
    uint64_t number;                /* in the registry */
    const uint64_t *limits;         /* of the context */
};
struct tn_dtype {
    struct tenon_dtype table;
    const struct tn_plugin *plugin;
};

/* A codec that was registered and is not used, and the reason: "is disabled at /etc/tenon/tenon.ini:12". */
struct tn_dropped {
    struct tn_codec *codec;
    char *why;
};

struct tn_registry {
    struct tn_plugin **plugins; /* loaded, in order of loading */
    struct tn_codec **codecs;   /* enabled, in order of registration */
    struct tn_filter **filters; /* in order of registration */
    struct tn_dtype **dtypes;   /* id = TENON_DTYPE_DYNAMIC + index */
    uint64_t plugin_count, codec_count, filter_count, dtype_count;
    uint64_t plugin_room, codec_room, filter_room, dtype_room;
    char *filter_words;         /* "none a b": all filters, for options without choices of their own */
    struct tn_dropped *dropped; /* for cause.c */
    uint64_t dropped_count, dropped_room;
};

/* The choices of [core] isolate, in their order. */
enum { TN_ISOLATE_NO, TN_ISOLATE_THIRD_PARTY, TN_ISOLATE_YES };

struct tn_folder {
    const char *path, *origin;
};

/* The most that limits.depth can be. Values and sources nest no deeper, so whatever walks over them has a
 * list of this size for the levels around it, and no function calls itself. */
#define TN_MOST_DEPTH 100u

struct tenon_context {
    const struct tenon_host *host; /* the functions that plugins are handed */
    struct tn_settings settings;
    struct tn_registry registry;
    tenon_report *report;                  /* verdicts, notes on the configuration */
    struct tn_signature_table *signatures; /* what files are that no codec reads (signatures.h) */
    char *origin;                          /* what messages call the program's settings */
    struct tn_hash_key hash_key;           /* random; of all hash tables, also those of plugins */
    struct tn_pool *pool;
    uint64_t threads;              /* [core] threads */
    uint64_t limits[TENON_LIMITS]; /* [limits] */
    bool durable;                  /* [save] durable */
    uint64_t lock, lock_wait;      /* [save]: a choice, and seconds */
    bool map;                      /* [core] map */
    struct tn_zygote *zygote;      /* forks isolated children; NULL: nothing is isolated */
    uint64_t isolate;              /* [core] isolate: TN_ISOLATE_* */
    bool pinned_only;              /* [core] pinned_only */
    struct tn_debug *debug;        /* with TENON_DEBUG=abi; else NULL */
    bool secure;                   /* setuid: the environment and the user's files are ignored */
    struct tn_installed installed; /* the folders that came with libtenon */
    tenon_config_entry *config;    /* the effective configuration, for tenon_config_get */
    uint64_t config_count, config_room;
    struct tn_folder *folders; /* where plugins were looked for, in that order */
    uint64_t folder_count, folder_room;
    char **texts; /* texts of the two lists that have no other owner */
    uint64_t text_count, text_room;
    tenon_context
        *tuned_from; /* the context that this one is a copy of (tn_context_tune); NULL: it is none */
    /* that were made with numbers of their own (pipeline.h), by copies, too; last, since it is not copied */
    _Atomic uint64_t pipelines;
};

/* A copy for one call, with threads of its own, another memory limit, or other durability. It shares all else
 * with `context`, which must outlive it. `threads`, `memory` 0: as they are; `threads` 1: no others. NULL: no
 * memory. */
tenon_context *tn_context_tune (tenon_context *context, uint64_t threads, uint64_t memory, bool durable);
/* NULL is fine. */
void tn_context_untune (tenon_context *tuned);

/* Makes a context. The caller has checked the arguments. */
tenon_status tn_context_make (tenon_context **made, const tenon_context_options *options,
                              const struct tenon_host *host, tenon_error *error);

/* The steps of it: copies and checks the options; makes a context without configuration and plugins. */
tenon_status tn_context_options (tenon_context_options *copy, const tenon_context_options *options,
                                 tenon_error *error);
tenon_status tn_context_begin (tenon_context **made, const tenon_context_options *options,
                               const struct tenon_host *host, tenon_error *error);

/* ---- codecs, filters and dtypes (lookup.c) ---- */

enum tn_direction { TN_TO_READ, TN_TO_WRITE };
/* By id, or else by extension: of the codecs that can do it, the one with the highest priority; a tie is
 * TENON_E_AMBIGUOUS. TENON_E_NOT_FOUND names the nearest. */
tenon_status tn_codec_find (const tenon_context *context, const char *word, enum tn_direction direction,
                            uint64_t *codec, tenon_error *error);
/* (extension.c) The longest of a codec's extensions that a name ends in (".toy" counts 3); 0: none. The end
 * of the name of an index that the codec describes counts, too, also that of a variant. */
size_t tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length);
/* Sets codec->letters, after the extensions were set. */
void tn_codec_end_letters (struct tn_codec *codec);
const struct tn_filter *tn_filter_find (const tenon_context *context, const char *id);
/* A state of the filter, which table.close frees. */
tenon_status tn_filter_open (const struct tn_filter *filter, const struct tenon_coding *coding, void **state,
                             tenon_error *error);
/* Records what `open` of the filter said: no success, or success without a state. */
tenon_status tn_filter_fail_open (const struct tn_filter *filter, const struct tenon_coding *coding,
                                  tenon_status said, tenon_error *error);
/* Fixed names and those of plugins. 0: none. */
uint32_t tn_dtype_find (const tenon_context *context, const char *name);
/* Fixed ids and those of plugins. NULL: no such id in this context. */
const struct tenon_dtype *tn_dtype_get (const tenon_context *context, uint32_t dtype);
extern const struct tenon_dtype tn_dtype_fixed[TENON_DTYPE_FIXED];

/* ---- names of indexes of sets (index_name.c) ---- */

/* The length of NAME if a name is NAME and the end of an index of the codec's sets, "NAME.tree.index.json",
 * or of a variant, "NAME.tree.index.half.json"; 0: it is not. *variant, in the name: NULL without one. */
size_t tn_index_stem (const struct tn_codec *codec, const char *name, size_t length, const char **variant,
                      size_t *variant_length);
/* True if the codec describes the indexes of its sets itself. */
bool tn_describes_index (const struct tn_codec *codec);
/* The name of an index. `extension`: of the files of tensors, if it is not the usual one, or NULL; `variant`
 * may be NULL. The caller frees it; NULL: no memory. */
char *tn_index_name (const struct tn_codec *codec, const char *stem, size_t stem_length,
                     const char *extension, const char *variant, size_t variant_length);

/* ---- the settings of codecs (codec_settings.c) ---- */

/* After all plugins are loaded: enabled, priority, extensions and options of every codec; drops the disabled
 * ones. TENON_E_CONFIG. */
tenon_status tn_codecs_configure (tenon_context *context, tenon_error *error);

/* Checks a list of extensions. */
tenon_status tn_codec_check_extensions (const struct tn_entry *entry, tenon_error *error);

/* Settings of one open or save, "CODEC.KEY=VALUE", over those of the context. */
struct tn_overlay {
    struct tn_overlay_entry {
        uint64_t codec, option;
        struct tenon_setting setting; /* its texts are owned by `text` */
        char *text;
    } * entries;
    uint64_t count, room;
};
tenon_status tn_overlay_read (const tenon_context *context, const char *const *settings,
                              struct tn_overlay *overlay, tenon_error *error);
void tn_overlay_free (struct tn_overlay *overlay);
/* The effective value; `overlay` may be NULL. False: no such option. */
bool tn_overlay_get (const tenon_context *context, const struct tn_overlay *overlay, uint64_t codec,
                     uint64_t option, struct tenon_setting *setting);

#endif

/* SPDX-License-Identifier: MIT */
/* context.h - a context: the configuration, the plugins that it enabled, and what they registered. */
#ifndef TN_CONTEXT_H
#define TN_CONTEXT_H
#include "base/base.h"
#include "base/pool.h"
#include "context/settings.h"
#include <tenon/plugin.h>

/* A plugin that is in use. `table` is a copy of what it handed over; its texts are the plugin's, which is
 * never unloaded. */
struct tn_plugin {
    struct tenon_plugin table;
    char *name; /* as in [plugin NAME]: the file's stem; table.name is the same */
    char *file; /* NULL: built in */
};

/* Our copies of what plugins registered, whatever the size of their structs. */
struct tn_codec {
    struct tenon_codec table; /* magics and options in it point to ours: element sizes are sizeof */
    const struct tn_plugin *plugin;
    char **extensions; /* as configured, NULL-terminated; one block of memory */
    int64_t priority;
    struct tenon_setting *settings; /* effective value of each option */
    char *section;                  /* "codec ID" */
};
struct tn_filter {
    struct tenon_filter table;
    const struct tn_plugin *plugin; /* NULL: the core's */
};
struct tn_dtype {
    struct tenon_dtype table;
    const struct tn_plugin *plugin;
};

struct tn_registry {
    struct tn_plugin **plugins; /* loaded, in order of loading */
    struct tn_codec **codecs;   /* enabled, in order of registration */
    struct tn_filter **filters; /* the core's deflate first */
    struct tn_dtype **dtypes;   /* id = TENON_DTYPE_DYNAMIC + index */
    uint64_t plugin_count, codec_count, filter_count, dtype_count;
    uint64_t plugin_room, codec_room, filter_room, dtype_room;
};

struct tn_folder {
    const char *path, *origin;
};

struct tenon_context {
    const struct tenon_host *host; /* what plugins are handed */
    struct tn_settings settings;
    struct tn_registry registry;
    tenon_report *report; /* verdicts, notes on the configuration */
    char *origin;         /* what the program's settings are called in messages */
    struct tn_pool *pool;
    uint64_t limits[TENON_LIMITS];
    bool durable;               /* [save] durable */
    bool map;                   /* [core] map */
    bool secure;                /* setuid: environment and user's files are not looked at */
    tenon_config_entry *config; /* the effective configuration, for tenon_config_get */
    uint64_t config_count, config_room;
    struct tn_folder *folders; /* where plugins were looked for, in that order */
    uint64_t folder_count, folder_room;
    char **texts; /* those of the two lists' texts that nobody else owns */
    uint64_t text_count, text_room;
};

/* Everything but the public border; `host` is what plugins are handed. */
tenon_status tn_context_make (tenon_context **made, const tenon_context_options *options,
                              const struct tenon_host *host, tenon_error *error);
/* Names in [limits], defaults and help, in the order of TENON_LIMIT_* (limits.c). */
extern const struct tenon_option tn_limit_options[TENON_LIMITS];

/* ---- loader.c: finds, checks, opens and asks plugins; the verdict on every candidate is in the report ----
 */
tenon_status tn_loader_run (tenon_context *context, const tenon_context_options *options, tenon_error *error);

/* ---- registry.c: checks and copies what a plugin hands over ---- */

/* The longest id, option, plugin or dtype name: "codec ID" must fit what inih holds. */
#define TN_LONGEST_ID 40
/* Longer magics are refused: recognising reads no more at once. */
#define TN_LONGEST_MAGIC 256
#define TN_WHY_ROOM 256

/* The core's own filter. */
tenon_status tn_registry_begin (tenon_context *context, tenon_error *error);
/* `name` is its name in the configuration, `file` NULL: built in. A codec, filter or dtype whose table is
 * wrong (TENON_E_MISUSE, TENON_E_UNSUPPORTED), or whose id is taken (TENON_E_EXISTS), refuses the plugin as
 * a whole, and `why` says it. */
tenon_status tn_registry_add (tenon_context *context, const struct tenon_plugin *plugin, const char *name,
                              const char *file, char why[TN_WHY_ROOM]);
/* After all plugins are in: enabled, priority, extensions and options of every codec; drops the disabled
 * ones. TENON_E_CONFIG. */
tenon_status tn_registry_configure (tenon_context *context, tenon_error *error);
void tn_registry_free (struct tn_registry *registry);
/* May a plugin be called that? */
bool tn_is_plugin_name (const char *text);
/* By id, or else by extension (the codec with the highest priority; a tie is TENON_E_AMBIGUOUS).
 * TENON_E_NOT_FOUND names the nearest. */
enum tn_purpose { TN_TO_READ, TN_TO_WRITE };
tenon_status tn_codec_find (const tenon_context *context, const char *word, enum tn_purpose purpose,
                            uint64_t *codec, tenon_error *error);
/* The longest of a codec's extensions that a name ends in (".toy" counts 3); 0: none. */
size_t tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length);
const struct tn_filter *tn_filter_find (const tenon_context *context, const char *id);
/* 0: none. Fixed names too. */
uint32_t tn_dtype_find (const tenon_context *context, const char *name);
/* NULL: no such id in this context. Fixed ids too (dtype.c). */
const struct tenon_dtype *tn_dtype_get (const tenon_context *context, uint32_t dtype);
extern const struct tenon_dtype tn_dtype_fixed[TENON_DTYPE_FIXED];

/* ---- config.c: the keys that are not a codec's, and the effective configuration as a list ---- */

/* Fills limits, durable, map and *threads. */
tenon_status tn_config_apply (tenon_context *context, uint64_t *threads, tenon_error *error);
/* [plugin NAME] enabled and path; NULL: not set. `disabled` is set only when it says no. */
struct tn_wish {
    const struct tn_entry *disabled, *path;
};
tenon_status tn_config_wish (tenon_context *context, const char *name, struct tn_wish *wish,
                             tenon_error *error);
/* After the plugins are loaded: what nobody asked for is an error with the nearest key, or, when its plugin
 * is not there, a note. */
tenon_status tn_config_check (tenon_context *context, tenon_error *error);
/* An unknown key of a section, with the nearest one of those that there are. */
tenon_status tn_config_unknown (const struct tn_entry *entry, const char *const *keys, uint64_t count,
                                tenon_error *error);
/* Makes the list for tenon_config_get. */
tenon_status tn_config_list (tenon_context *context, tenon_error *error);
/* Keeps a text as long as the context; takes it over, also on failure. NULL (also for NULL): no memory,
 * which is recorded. */
const char *tn_config_keep (tenon_context *context, char *text, tenon_error *error);
/* The keys of [codec ID] that every codec has. */
enum { TN_CODEC_ENABLED, TN_CODEC_PRIORITY, TN_CODEC_EXTENSIONS, TN_CODEC_KEYS };
extern const struct tenon_option tn_codec_keys[TN_CODEC_KEYS];

/* ---- settings of one call: "CODEC.KEY=VALUE" lists over the context's values (overlay.c) ---- */
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

/* SPDX-License-Identifier: MIT */
/* loader_folder.c - finds the folders of plugins, in their order (loader.c), and the plugins in each. */
#include "context/loader_folder.h"
#ifndef TENON_NO_DLOPEN
#include "context/loader_file.h"
#include "context/registry.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

/* Length of the plugin's name in the name of its file; 0: the file is no plugin. */
static size_t
name_length (const char *file)
{
    static const char *const endings[] = {
        ".so",
#ifdef __APPLE__
        ".dylib",
        ".bundle",
#endif
    };
    size_t length = strlen (file);
    for (size_t i = 0; i < TN_COUNT (endings); i++) {
        size_t size = strlen (endings[i]);
        if (length > size && file[0] != '.' && strcmp (file + length - size, endings[i]) == 0)
            return length - size;
    }
    return 0;
}

static const struct tn_plugin *
registered_plugin (const tenon_context *context, const char *name)
{
    for (uint64_t i = 0; i < context->registry.plugin_count; i++)
        if (strcmp (context->registry.plugins[i]->name, name) == 0)
            return context->registry.plugins[i];
    return NULL;
}

struct candidate {
    char *file;   /* its name in the folder */
    bool is_link; /* a symbolic link, or of unknown type */
};

static int
compare_candidates (const void *a, const void *b)
{
    return strcmp (((const struct candidate *) a)->file, ((const struct candidate *) b)->file);
}

/* A candidate in a folder. `untrusted`: why the folder is not trusted, or NULL. */
static tenon_status
judge_candidate (struct tn_loader *loader, const char *folder, const struct candidate *candidate,
                 const char *untrusted)
{
    struct tn_plugin_config config;
    TN_FREE char *name = tn_strndup (candidate->file, name_length (candidate->file));
    TN_FREE char *file = tn_concat (folder, "/", candidate->file, NULL);
    if (!name || !file)
        return tn_fail_memory (loader->error);
    if (!tn_is_plugin_name (name)) {
        TN_VERDICT (loader, TENON_E_MISUSE, name, file,
                    "not loaded: the name of a plugin is 1 to %d of letters, digits, - and _", TN_LONGEST_ID);
        return TENON_OK;
    }
    TN_TRY (tn_config_plugin (loader->context, name, &config, loader->error));
    const struct tn_plugin *other = registered_plugin (loader->context, name);
    if (config.wrong[0])
        tn_loader_say_wrong (loader, &config, name, file);
    else if (config.disabled)
        TN_VERDICT (loader, TENON_E_CONFIG, name, file, "disabled at %s", config.disabled->origin);
    else if (config.path && strcmp (config.path->value, file) == 0)
        return TENON_OK; /* load_named has reported on it */
    else if (config.path)
        TN_VERDICT (loader, TENON_E_EXISTS, name, file, "shadowed by %s, which %s names", config.path->value,
                    config.path->origin);
    else if (other && other->file)
        TN_VERDICT (loader, TENON_E_EXISTS, name, file, "shadowed by %s", other->file);
    else if (other)
        TN_VERDICT (loader, TENON_E_EXISTS, name, file,
                    "shadowed by the built-in one; path in [plugin %s] could name this one", name);
    else if (untrusted)
        TN_VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", untrusted);
    else
        return candidate->is_link ? tn_loader_load (loader, name, file)
                                  : tn_loader_load_checked (loader, name, file, file);
    return TENON_OK;
}

static tenon_status
read_folder (DIR *folder, struct candidate **candidates, uint64_t *count, tenon_error *error)
{
    uint64_t room = 0;
    for (const struct dirent *item; (item = readdir (folder)) != NULL;) {
        if (name_length (item->d_name) == 0)
            continue;
        struct candidate candidate = { strdup (item->d_name), true };
#ifdef DT_REG
        candidate.is_link = item->d_type != DT_REG;
#endif
        if (!candidate.file || !tn_grow (candidates, &room, *count, sizeof candidate)) {
            free (candidate.file);
            return tn_fail_memory (error);
        }
        (*candidates)[(*count)++] = candidate;
    }
    if (*count > 1)
        qsort (*candidates, *count, sizeof **candidates, compare_candidates);
    return TENON_OK;
}

/* Opens a folder and judges its path. Returns 0 or an errno. */
static int
open_trusted_folder (struct tn_loader *loader, const char *path, DIR **folder, char why[TN_TRUST_ROOM])
{
    struct stat status;
    TN_FREE char *real = NULL;
    *folder = opendir (path);
    return *folder ? tn_trust_path (&loader->trust, path, false, &real, &status, why) : errno;
}

static tenon_status
load_folder (struct tn_loader *loader, const char *path, const char *origin)
{
    char why[TN_TRUST_ROOM], what[200];
    struct candidate *candidates = NULL;
    uint64_t count = 0;
    DIR *folder;
    int number = open_trusted_folder (loader, path, &folder, why);
    if (number != 0) {
        if (folder)
            closedir (folder);
        /* not worth a verdict when the program runs from a build tree */
        if (number == ENOENT && origin == loader->context->installed.origin
            && loader->context->registry.plugin_count > 0)
            return TENON_OK;
        snprintf (what, sizeof what, "not searched (%.150s)", origin);
        return tn_loader_say_errno (loader, number, what, NULL, path);
    }
    tenon_status result = read_folder (folder, &candidates, &count, loader->error);
    closedir (folder);
    for (uint64_t i = 0; i < count; i++) {
        if (result == TENON_OK)
            result = judge_candidate (loader, path, &candidates[i], why[0] ? why : NULL);
        free (candidates[i].file);
    }
    free (candidates);
    return result;
}

/* Adds a folder to the list of those to be searched, unless it is in it. Relative paths are rejected: nothing
 * is loaded from the working directory. */
static tenon_status
add_folder (struct tn_loader *loader, const char *path, size_t length, const char *origin)
{
    tenon_context *context = loader->context;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        return TENON_OK;
    const char *copy = tn_config_keep (context, tn_strndup (path, length), loader->error);
    if (!copy)
        return loader->error->status;
    if (copy[0] != '/') {
        TN_VERDICT (loader, TENON_E_CONFIG, NULL, copy, "not searched: it is no absolute path (%s)", origin);
        return TENON_OK;
    }
    for (uint64_t i = 0; i < context->folder_count; i++)
        if (strcmp (context->folders[i].path, copy) == 0)
            return TENON_OK;
    if (!tn_grow (&context->folders, &context->folder_room, context->folder_count, sizeof *context->folders))
        return tn_fail_memory (loader->error);
    context->folders[context->folder_count++] = (struct tn_folder){ copy, origin };
    return TENON_OK;
}

/* Adds folders that ':' separates. */
static tenon_status
add_list (struct tn_loader *loader, const char *list, const char *origin)
{
    for (const char *path = list; path;) {
        size_t length = strcspn (path, ":");
        TN_TRY (add_folder (loader, path, length, origin));
        path = path[length] ? path + length + 1 : NULL;
    }
    return TENON_OK;
}

static tenon_status
add_configured (struct tn_loader *loader, uint32_t layer)
{
    const struct tn_settings *settings = &loader->context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (entry->layer == layer && entry->key && strcmp (entry->section, "core") == 0
            && strcmp (entry->key, "plugin_path") == 0)
            TN_TRY (add_folder (loader, entry->value, strlen (entry->value), entry->origin));
    }
    return TENON_OK;
}

static tenon_status
find_folders (struct tn_loader *loader, const tenon_context_options *options)
{
    bool environment = !loader->context->secure && !(options->flags & TENON_CONTEXT_NO_ENVIRONMENT);
    TN_TRY (add_list (loader, options->plugin_path, loader->context->origin));
    TN_TRY (add_configured (loader, TN_LAYER_PROGRAM));
    if (environment)
        TN_TRY (add_list (loader, getenv ("TENON_PLUGIN_PATH"), "TENON_PLUGIN_PATH"));
    for (uint32_t layer = loader->context->settings.layers; layer > 0; layer--)
        TN_TRY (add_configured (loader, layer));
    const struct tn_installed *installed = &loader->context->installed;
    return add_folder (loader, installed->plugins, strlen (installed->plugins), installed->origin);
}

tenon_status
tn_loader_search (struct tn_loader *loader, const tenon_context_options *options)
{
    TN_TRY (find_folders (loader, options));
    for (uint64_t i = 0; i < loader->context->folder_count; i++)
        TN_TRY (load_folder (loader, loader->context->folders[i].path, loader->context->folders[i].origin));
    return TENON_OK;
}

#endif

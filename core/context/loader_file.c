/* SPDX-License-Identifier: MIT */
/* loader_file.c - loads one file of a plugin.
 *
 * It checks an open file, and dlopen finds it by name a moment later. It is the same file: every
 * folder and link on its path was found to be changeable by trusted users only (trust.c). Loading
 * /proc/self/fd/N instead would be unsound, since the dynamic linker knows libraries by name, and takes a
 * second N for the first. */
#include "context/loader_file.h"
#include "context/pin.h"
#ifndef TENON_NO_DLOPEN
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef const struct tenon_plugin *(*entry_function) (const struct tenon_host *host);

static entry_function
find_entry (void *handle)
{
    void *symbol = dlsym (handle, TENON_ENTRY_TEXT);
    entry_function entry = NULL;
    _Static_assert(sizeof entry == sizeof symbol, "POSIX wants functions and data to have pointers alike");
    memcpy (&entry, &symbol, sizeof entry);
    return entry;
}

/* Reports why a shared object has no entry function that this version knows. */
static void
explain_no_entry (const struct tn_loader *loader, void *handle, const char *name, const char *file)
{
    char symbol[] = "tenon_plugin_v?";
    for (char major = '0'; major <= '9'; major++) {
        symbol[sizeof symbol - 2] = major;
        if (dlsym (handle, symbol)) {
            TN_VERDICT (loader, TENON_E_UNSUPPORTED, name, file,
                        "made for another major version: it has %s, this library wants " TENON_ENTRY_TEXT,
                        symbol);
            return;
        }
    }
    TN_VERDICT (loader, TENON_E_MALFORMED, name, file, "no plugin: it does not export " TENON_ENTRY_TEXT);
}

/* Loads a trusted file. `real`: its path without symbolic links. */
static tenon_status
open_file (struct tn_loader *loader, const char *name, const char *file, const char *real)
{
    void *handle = dlopen (real, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *words = dlerror ();
        TN_VERDICT (loader, TENON_E_IO, name, file, "dlopen: %s", words ? words : "no reason given");
        return TENON_OK;
    }
    /* Never closed, not even after a refusal: its tables, or threads that it started, may be in use. */
    entry_function entry = find_entry (handle);
    if (!entry) {
        explain_no_entry (loader, handle, name, file);
        return TENON_OK;
    }
    return tn_loader_register (loader, entry (loader->context->host), name, file);
}

/* False: the file is not loaded, and has its verdict. */
static bool
matches_pin (struct tn_loader *loader, const struct tn_entry *pin, int fd, const char *name, const char *file)
{
    char why[TN_PIN_ROOM];
    int number = tn_pin_judge (pin, fd, why);
    if (number != 0)
        (void) tn_loader_say_errno (loader, number, "reading it", name, file);
    else if (why[0])
        TN_VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", why);
    return number == 0 && !why[0];
}

tenon_status
tn_loader_load_checked (struct tn_loader *loader, const char *name, const char *file, const char *real)
{
    struct stat status;
    char why[TN_TRUST_ROOM];
    int fd =
        open (real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY); /* a FIFO is not waited for */
    if (fd < 0 || fstat (fd, &status) < 0) {
        int number = errno;
        if (fd >= 0)
            close (fd);
        return tn_loader_say_errno (loader, number, "opening it", name, file);
    }
    bool good = false;
    const struct tn_entry *pin = tn_config_pin (loader->context, name);
    if (!S_ISREG (status.st_mode))
        TN_VERDICT (loader, TENON_E_MALFORMED, name, file, "it is no regular file");
    else if (!tn_trust_file (&loader->trust, fd, &status, why))
        TN_VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", why);
    else if (!tn_elf_is_complete (fd, status.st_size))
        TN_VERDICT (loader, TENON_E_TRUNCATED, name, file, "not loaded: the file was cut off at %lld bytes",
                    (long long) status.st_size);
    else if (tn_elf_other_machine (fd))
        TN_VERDICT (loader, TENON_E_UNSUPPORTED, name, file,
                    "not loaded: it was made for another machine: %s", tn_elf_other_machine (fd));
    else if (!pin && loader->context->pinned_only)
        TN_VERDICT (loader, TENON_E_CONFIG, name, file,
                    "not loaded: [core] pinned_only = yes, and [plugin %s] has no sha256", name);
    else
        good = !pin || matches_pin (loader, pin, fd, name, file);
    close (fd);
    return good ? open_file (loader, name, file, real) : TENON_OK;
}

tenon_status
tn_loader_load (struct tn_loader *loader, const char *name, const char *file)
{
    struct stat status;
    char why[TN_TRUST_ROOM];
    TN_FREE char *real = NULL;
    int number = tn_trust_path (&loader->trust, file, false, &real, &status, why);
    if (number != 0)
        return tn_loader_say_errno (loader, number, "looking for it", name, file);
    if (!why[0])
        return tn_loader_load_checked (loader, name, file, real);
    TN_VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", why);
    return TENON_OK;
}

#endif

/* SPDX-License-Identifier: MIT */
/* step_exports.c - the file of the plugin: what it exports, what it calls, and how it wants to be loaded. */
#include "check.h"
#include "elf_file.h"

/* What a plugin may not call. Names that end in 64 or begin with __ and end in _chk are the same. */
struct forbidden {
    const char *words, *why;
    bool filters; /* a plugin with filters may call it */
};
static const struct forbidden forbidden[] = {
    { " open openat creat fopen freopen fdopen opendir mkstemp mkdtemp tmpfile socket connect unlink rename ",
      "the host opens files", false },
    { " malloc calloc realloc free strdup strndup asprintf vasprintf getline posix_memalign aligned_alloc "
      "mmap _Znwm _Znam _ZdlPv _ZdlPvm _ZdaPv ",
      "the host gives memory (scratch); only filters allocate", true },
    { " printf vprintf fprintf vfprintf puts fputs putchar putc fputc fwrite perror psignal stdout stderr "
      "syslog vsyslog warn warnx err errx _ZSt4cout _ZSt4cerr ",
      "a plugin prints nothing", false },
    { " exit _exit _Exit quick_exit abort __assert_fail __assert err errx atexit on_exit longjmp __longjmp "
      "raise kill _ZSt9terminatev ",
      "a plugin never ends the process, nor leaves a function by another way", false },
    { " pthread_create thrd_create fork vfork posix_spawn posix_spawnp system popen execve execv execvp "
      "clone ",
      "a plugin starts no threads or processes", false },
    { " signal sigaction setlocale uselocale setenv putenv unsetenv clearenv umask chdir fchdir srand "
      "srandom "
      "srand48 fesetround fesetenv setrlimit alarm setitimer ",
      "it changes the state of the whole process", false },
    { " strtok rand random drand48 localtime gmtime asctime ctime strerror setjmp inet_ntoa ",
      "it uses state that all threads share", false },
    { " strtod strtof strtold atof strtod_l ", "it depends on the locale; <tenon/number.h> does not", false },
    { " pthread_mutex_lock pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_once pthread_key_create "
      "mtx_lock call_once tss_create ",
      "a plugin has no state that threads share", false },
    { " time clock gettimeofday clock_gettime getrandom getentropy getpid getenv secure_getenv gethostname "
      "uname ",
      "what a plugin does depends on its input and its options alone", false },
    { " dlopen dlmopen dlsym ", "a plugin loads no code", false },
};

/* The bare name of what glibc calls __NAME_chk, NAME64 or __isoc99_NAME. */
static void
bare_name (const char *name, char *bare, size_t room)
{
    size_t length = strlen (name);
    if (strncmp (name, "__", 2) == 0 && length > 6 && strcmp (name + length - 4, "_chk") == 0) {
        name += 2;
        length -= 6;
    } else if (length > 2 && strcmp (name + length - 2, "64") == 0)
        length -= 2;
    snprintf (bare, room, " %.*s ", (int) length, name);
}

static void
check_call (struct check *check, const char *name, bool has_filters)
{
    char bare[128];
    bare_name (name, bare, sizeof bare);
    for (size_t i = 0; i < COUNT_OF (forbidden); i++)
        if (strstr (forbidden[i].words, bare) && !(forbidden[i].filters && has_filters)) {
            check_found (check, RULE_CALLS, name, "%s", forbidden[i].why);
            return;
        }
    if (strncmp (name, "tenon_", 6) == 0)
        check_found (check, RULE_NEEDS, name, "it is a function of libtenon, which a program need not have");
}

/* Names that a linker adds, and instruments. */
static bool
is_of_linker (const char *name)
{
    static const char *const names[] = { "_init", "_fini", "__bss_start", "_edata", "_end", "_bss_end__" };
    for (size_t i = 0; i < COUNT_OF (names); i++)
        if (strcmp (name, names[i]) == 0)
            return true;
    return strncmp (name, "__asan", 6) == 0 || strncmp (name, "__odr_asan", 10) == 0
           || strncmp (name, "__gcov", 6) == 0 || strncmp (name, "__llvm", 6) == 0
           || strncmp (name, "__start_", 8) == 0 || strncmp (name, "__stop_", 7) == 0;
}

static void
check_exports (struct check *check, const struct elf_file *elf)
{
    struct elf_symbol symbol;
    bool found = false;
    for (uint64_t i = 0; elf_symbol (elf, true, &i, &symbol);) {
        if (!symbol.defined || !symbol.global || !symbol.visible || is_of_linker (symbol.name))
            continue;
        check_counted (check);
        if (strcmp (symbol.name, TENON_ENTRY_TEXT) == 0)
            found = true;
        else if (symbol.weak)
            check_found (check, RULE_WEAK, symbol.name,
                         "it is exported, as code of templates and inline "
                         "functions is by default");
        else
            check_found (check, RULE_EXPORTS, symbol.name, "it is exported");
    }
    if (!found)
        check_found (check, RULE_EXPORTS, TENON_ENTRY_TEXT, "it is not exported");
}

static void
check_calls (struct check *check, const struct elf_file *elf)
{
    if (elf_is_instrumented (elf)) {
        check_left_out (check, "what the plugin calls: it was built with sanitizers or to measure coverage");
        return;
    }
    tenon_context *context = check_context (check, NULL);
    bool has_filters = context && check_has_filter (check, context);
    struct elf_symbol symbol;
    for (uint64_t i = 0; elf_symbol (elf, true, &i, &symbol);)
        if (!symbol.defined) {
            check_counted (check);
            check_call (check, symbol.name, has_filters);
        }
    tenon_context_free (context);
}

static void
check_loading (struct check *check, const struct elf_file *elf)
{
    static const char *const words[ELF_FAULTS] = {
        [ELF_WRITABLE_CODE] = "it has a segment that is both writable and executable",
        [ELF_EXECUTABLE_STACK] = ("it needs an executable stack, in every program that loads it "
                                  "(link it with -z noexecstack)"),
        [ELF_TEXT_RELOCATIONS] = "loading it changes its code (compile it with -fPIC)",
    };
    for (int i = 0; i < ELF_FAULTS; i++) {
        check_counted (check);
        if (elf_has_fault (elf, (enum elf_fault) i))
            check_found (check, RULE_LOADING, "", "%s", words[i]);
    }
    for (int i = ELF_RPATH; i <= ELF_RUNPATH; i++) {
        uint64_t index = 0;
        const char *path = elf_text (elf, (enum elf_text) i, &index);
        check_counted (check);
        if (path)
            check_found (check, RULE_RPATH, "", "it looks for libraries in %s", path);
    }
    const char *needed;
    for (uint64_t i = 0; (needed = elf_text (elf, ELF_NEEDED, &i));) {
        check_counted (check);
        if (strncmp (needed, "libtenon.", 9) == 0)
            check_found (check, RULE_NEEDS, needed,
                         "it is linked with libtenon; a plugin gets all services "
                         "from its call");
    }
}

static void
run_exports (struct check *check, uint64_t from)
{
    struct elf_file elf;
    if (!check->file) {
        check_left_out (check, "all of it: the plugin is built in");
        return;
    }
    if (!check_item (check, from, 0, "reading the plugin's file"))
        return;
    if (!elf_open (check->file, &elf)) {
        check_left_out (check, "all of it: the file is not an ELF shared object for this kind of machine");
        return;
    }
    check_exports (check, &elf);
    check_calls (check, &elf);
    check_loading (check, &elf);
    elf_close (&elf);
}

const struct check_step check_exports_step = { "exports", "what the plugin's file exports and calls",
                                               run_exports };

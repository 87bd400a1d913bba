/* SPDX-License-Identifier: MIT */
/* test_rules.c - each service called from each function of a codec, and of the codec of an archive: the host
 * refuses what its table does not allow, with and without TENON_DEBUG=abi. */
#include "codec/services.h"
#include "kit.h"

/* As the options of caller.c have it: a codec, and its function. */
static const struct {
    const char *codec, *function;
    enum tn_state state;
} functions[] = {
    { "caller", "describe", TN_CALL_DESCRIBE }, { "caller", "read", TN_CALL_READ },
    { "caller", "write", TN_CALL_WRITE },       { "pail", "list", TN_CALL_LIST },
    { "pail", "locate", TN_CALL_LOCATE },       { "pail", "begin", TN_CALL_BEGIN },
    { "pail", "drop", TN_CALL_DROP },           { "pail", "begin_entry", TN_CALL_BEGIN_ENTRY },
    { "pail", "end_entry", TN_CALL_END_ENTRY }, { "pail", "finish", TN_CALL_FINISH },
};
#define FUNCTIONS ((int) (sizeof functions / sizeof functions[0]))

static tenon_status
save (const char *format, uint32_t flags, const char *const *settings)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_EXACT_NAME | flags;
    options.format = format;
    options.settings = settings;
    tenon_plan *plan = kit_plan ();
    tenon_status status = tenon_save (plan, kit_path ("saved"), &options, NULL, NULL, &kit_error);
    tenon_plan_free (plan);
    return status;
}

static tenon_status
read_file (const char *name, const char *format, const char *const *settings)
{
    tenon_open_options options;
    tenon_request request;
    tenon_file *file = NULL;
    uint8_t bytes[4];
    KIT_INIT (options);
    KIT_INIT (request);
    request.data = bytes;
    request.size = sizeof bytes;
    options.format = format;
    options.settings = settings;
    tenon_status status = tenon_open (kit, kit_path (name), &options, &file, &kit_error);
    if (status == TENON_OK)
        status = tenon_read (file, &request, 1, NULL, &kit_error);
    tenon_close (file);
    return status;
}

/* Has the function run, in which the service is called. */
static tenon_status
run_function (enum tn_state state, const char *const *settings)
{
    switch (state) {
    case TN_CALL_DESCRIBE:
    case TN_CALL_READ: return read_file ("file", "caller", settings);
    case TN_CALL_WRITE: return save ("caller", 0, settings);
    case TN_CALL_LIST:
    case TN_CALL_LOCATE: return read_file ("file", "pail", settings);
    case TN_CALL_DROP:
        ck_assert_msg (save ("pailer", 0, NULL) == TENON_OK, "%s", kit_error.message);
        return save ("pailer", TENON_SAVE_APPEND, settings);
    default: return save ("pailer", 0, settings);
    }
}

static tenon_status
call_from (int function, const char *service)
{
    char call[80], from[80];
    const char *const settings[] = { call, from, NULL };
    snprintf (call, sizeof call, "%s.call=%s", functions[function].codec, service);
    snprintf (from, sizeof from, "%s.from=%s", functions[function].codec, functions[function].function);
    return run_function (functions[function].state, settings);
}

static void
check_service (int function, enum tn_service service)
{
    char words[200], told[300];
    bool allowed = tn_rule_allows (service, functions[function].state);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = call_from (function, tn_rules[service].service);
    ck_assert_ptr_null (strstr (kit_error.message, "caller.c has no"));
    tn_rule_words (service, functions[function].state, words, sizeof words);
    snprintf (told, sizeof told, "it called %s %s", tn_rules[service].service, words);
    if (!allowed)
        kit_failed (status, TENON_E_MISUSE, told);
    else
        ck_assert_msg (!strstr (kit_error.message, "it called"), "%s: %s", told, kit_error.message);
}

static void
begin (const char *debug)
{
    if (debug)
        ck_assert_int_eq (setenv ("TENON_DEBUG", debug, 1), 0);
    kit_plugins ("caller", NULL);
    kit_save ("file", "1234PAIL", 8);
}

START_TEST (test_refused)
{
    begin (NULL);
    for (unsigned i = 0; i < TN_SERVICE_COUNT; i++)
        check_service (_i, (enum tn_service) i);
}
END_TEST

START_TEST (test_debug)
{
    begin ("abi");
    for (unsigned i = 0; i < TN_SERVICE_COUNT; i++)
        check_service (_i, (enum tn_service) i);
}
END_TEST

/* In an isolated child, which has a table of services of its own. */
START_TEST (test_isolated)
{
    setenv ("KIT_ISOLATE", "1", 1);
    begin (NULL);
    for (unsigned i = 0; i < TN_SERVICE_COUNT; i++)
        check_service (_i, (enum tn_service) i);
    unsetenv ("KIT_ISOLATE");
}
END_TEST

/* The words of some, as they are read. */
START_TEST (test_words)
{
    static const struct {
        int function;
        const char *service, *words;
    } cases[] = {
        { 0, "put", "the codec caller: it called put from describe; it may be used from write" },
        { 0, "skip_part",
          "it called skip_part from describe; it may be used from describe and locate of an "
          "archive" },
        { 2, "add_tensor", "it called add_tensor from write; it may be used from describe" },
        { 3, "add_tensor",
          "the codec pail: it called add_tensor from describe; it is the codec of an archive, "
          "which adds parts only" },
        { 3, "skip_tensor", "it is the codec of an archive, which adds parts only" },
        { 3, "add_metadata", "it is the codec of an archive, which adds parts only" },
        { 3, "add_dtype", "it is the codec of an archive, which adds parts only" },
        { 3, "include", "it is the codec of an archive, which adds parts only" },
        { 4, "include",
          "it called include from locate; it is the codec of an archive, which adds parts only" },
        { 4, "expect", "it called expect from locate; it may be used from describe" },
        { 5, "put_key",
          "it called put_key from begin; it is the codec of an archive, which puts bytes only" },
        { 8, "put_tensor",
          "the codec pail: it called put_tensor from end_entry; it is the codec of an "
          "archive, which puts bytes only" },
        { 8, "put_old",
          "it called put_old from end_entry; it may be used from begin, begin_entry and finish "
          "of an archive" },
        { 9, "add_part",
          "it called add_part from finish; it is the codec of an archive, which puts bytes "
          "only" },
    };
    begin (NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kit_error = (tenon_error) TENON_ERROR_INIT;
        kit_failed (call_from (cases[i].function, cases[i].service), TENON_E_MISUSE, cases[i].words);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "rules");
    tcase_add_loop_test (tests, test_refused, 0, FUNCTIONS);
    tcase_add_loop_test (tests, test_debug, 0, FUNCTIONS);
    tcase_add_loop_test (tests, test_isolated, 0, FUNCTIONS);
    tcase_add_test (tests, test_words);
}

int
main (void)
{
    return kit_main ("rules", fill_suite);
}

/* SPDX-License-Identifier: MIT */
/* baderrors.c - misbehaving describe functions: failures and impossible requests. */
#include "bad.h"

/* ---- errors ---- */

static tenon_status
fails_and_succeeds (struct tenon_call *call)
{
    (void) tenon_fail (call, TENON_E_MALFORMED, 7, "the first failure");
    (void) tenon_fail (call, TENON_E_IO, 8, "the second failure");
    return TENON_OK;
}

static tenon_status
ignores_failure (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.offset = 9223372036854775806u;
    (void) add_tensor (call, tensor);
    tensor.offset = 0;
    tensor.name = "y";
    return add_tensor (call, tensor) == TENON_OK ? TENON_OK : TENON_OK;
}

static tenon_status
silent (struct tenon_call *call)
{
    (void) call;
    return TENON_E_MALFORMED;
}

static tenon_status
unknown_status (struct tenon_call *call)
{
    (void) call;
    return -99;
}

static tenon_status
fails_with_5 (struct tenon_call *call)
{
    call->host->fail (call, 5, 0, TENON_AUTO, "five is no failure");
    return TENON_OK;
}

static tenon_status
fails_without_words (struct tenon_call *call)
{
    call->host->fail (call, TENON_E_UNSUPPORTED, 0, TENON_AUTO, NULL);
    return TENON_E_UNSUPPORTED;
}

static tenon_status
long_words (struct tenon_call *call)
{
    char words[4000];
    memset (words, 'w', sizeof words);
    memcpy (words, "a\x1b[31m\n\xff", 8);
    words[sizeof words - 1] = 0;
    call->host->fail (call, TENON_E_MALFORMED, 0, TENON_AUTO, words);
    return TENON_E_MALFORMED;
}

static tenon_status
positive (struct tenon_call *call)
{
    TENON_TRY (add_tensor (call, good_tensor ("x")));
    return 7;
}

static tenon_status
nothing (struct tenon_call *call)
{
    (void) call;
    return TENON_OK;
}

static tenon_status
floods (struct tenon_call *call)
{
    for (unsigned i = 0; i < 20000; i++)
        tenon_note (call, TENON_NOTE, "item\x01", "note %u", i);
    call->host->note (call, 77, NULL, "of no known kind");
    call->host->note (call, TENON_NOTE, NULL, NULL);
    call->host->note (call, TENON_NOTE | TENON_FLAW, NULL, "the flaw that the report has no room for");
    return add_tensor (call, good_tensor ("x"));
}

/* Works until the host stops it. It gives up in the end: the test then finds a host that never stops it. */
static tenon_status
spins (struct tenon_call *call)
{
    for (uint64_t i = 0; i < 20000000; i++)
        if (call->host->cancelled (call))
            return TENON_E_CANCELLED;
    return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "it was never asked to stop");
}

/* ---- memory ---- */

static tenon_status
expects_all (struct tenon_call *call) /* fine */
{
    call->host->expect (call, UINT64_MAX, UINT64_MAX);
    return add_tensor (call, good_tensor ("x"));
}

static tenon_status
wants_2_63 (struct tenon_call *call)
{
    return call->host->scratch (call, 1ull << 63) ? TENON_OK : TENON_E_MEMORY;
}

static tenon_status
wants_all (struct tenon_call *call)
{
    return call->host->scratch (call, UINT64_MAX) ? TENON_OK : TENON_E_MEMORY;
}

static tenon_status
wants_more (struct tenon_call *call)
{
    while (call->host->scratch (call, 1 << 16))
        ;
    return TENON_OK;
}

static tenon_status
views_beyond (struct tenon_call *call)
{
    (void) call->host->view (call, 0, 60, 5);
    return TENON_OK;
}

static tenon_status
reads_far (struct tenon_call *call)
{
    uint8_t bytes4[4];
    return call->host->read_at (call, 0, UINT64_MAX - 1, bytes4, 4);
}

static tenon_status
many (struct tenon_call *call)
{
    for (uint64_t i = 0; i < 64; i++) {
        char name[32];
        struct tenon_tensor tensor = good_tensor (name);
        tensor.name_length = (uint64_t) snprintf (name, sizeof name, "t%u", (unsigned) i);
        tensor.rank = 0;
        tensor.offset = i;
        TENON_TRY (add_tensor (call, tensor));
    }
    return TENON_OK;
}

static const struct tenon_codec table[] = {
    READS (fails_and_succeeds),
    READS (ignores_failure),
    READS (silent),
    READS (unknown_status),
    READS (fails_with_5),
    READS (fails_without_words),
    READS (long_words),
    READS (positive),
    READS (nothing),
    READS (floods),
    READS (spins),
    READS (expects_all),
    READS (wants_2_63),
    READS (wants_all),
    READS (wants_more),
    READS (views_beyond),
    READS (reads_far),
    READS (many),
};

BAD_PLUGIN ("baderrors", table)

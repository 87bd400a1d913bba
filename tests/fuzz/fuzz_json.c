/* SPDX-License-Identifier: MIT */
/* fuzz_json.c - tenon/json.h beside json-c: what it accepts json-c must accept, with the same values. */
#include "../unit/pluginlib/json_peer.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct tenon_json json;
    char *text = malloc (size + 1);
    if (!text)
        return 0;
    memcpy (text, data, size);
    text[size] = 0;
    enum peer_verdict verdict = peer_compare (&json, text, size);
    if (verdict == PEER_WE_ARE_LAXER || verdict == PEER_VALUES_DIFFER)
        abort ();
    free (text);
    return 0;
}

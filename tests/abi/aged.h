/* SPDX-License-Identifier: MIT */
/* aged.h - the codecs of plugins of another age than the library, whose source is tests/abi/plugins/aged.h.
 */
#ifndef AGED_H
#define AGED_H

/* Saves three tensors by the container `id`, compares all bytes, and reads them again. */
void aged_round_trip (const char *id, const char *magic);
/* Saves a tensor by the codec `keyed` in an archive of the codec `archive`, and reads it again. */
void aged_keys (const char *archive, const char *keyed, const char *magic);

#endif

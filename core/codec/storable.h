/* SPDX-License-Identifier: MIT */
/* storable.h - what a codec can store, as its table declares it. */
#ifndef TN_STORABLE_H
#define TN_STORABLE_H
#include "codec/write.h"

/* True if the codec stores items of this dtype. */
bool tn_can_store (const struct tenon_codec *codec, const struct tenon_dtype *dtype);
/* The dtype of bytes that the codec can store: u8, or i8; TENON_NONE: neither. */
uint32_t tn_carrier_dtype (const struct tenon_codec *codec);
/* The codec whose table says what can be stored: of a container, the one that writes its members; else the
 * codec itself; without the dtypes that its options do not ask for. */
tenon_status tn_storing_codec (const tenon_context *context, const struct tn_overlay *overlay, uint64_t codec,
                               const struct tenon_codec **storing, tenon_error *error);
/* TENON_E_UNSUPPORTED when the codec cannot store so many tensors, or one of them. `storing` is from
 * tn_storing_codec. */
tenon_status tn_check_storable (struct tn_session *session, const struct tn_writer *writer,
                                const struct tenon_codec *codec, const struct tenon_codec *storing);

#endif

// layout.h - sizes and offsets of the structs of abi.h, as measured on the vendor's headers (x86-64 and aarch64 agree).
#pragma once
#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, "size of " #type)
#define AT(type, field, byte) _Static_assert(offsetof(type, field) == byte, #type "." #field)

SIZE(rknn_context, 8);
SIZE(rknn_input_output_num, 8); AT(rknn_input_output_num, n_input, 0); AT(rknn_input_output_num, n_output, 4);
SIZE(rknn_tensor_attr, 376); AT(rknn_tensor_attr, index, 0); AT(rknn_tensor_attr, n_dims, 4); AT(rknn_tensor_attr, dims, 8);
    AT(rknn_tensor_attr, name, 72); AT(rknn_tensor_attr, n_elems, 328); AT(rknn_tensor_attr, size, 332);
    AT(rknn_tensor_attr, fmt, 336); AT(rknn_tensor_attr, type, 340); AT(rknn_tensor_attr, qnt_type, 344);
    AT(rknn_tensor_attr, fl, 348); AT(rknn_tensor_attr, zp, 352); AT(rknn_tensor_attr, scale, 356);
    AT(rknn_tensor_attr, w_stride, 360); AT(rknn_tensor_attr, size_with_stride, 364);
    AT(rknn_tensor_attr, pass_through, 368); AT(rknn_tensor_attr, h_stride, 372);
SIZE(rknn_input, 32); AT(rknn_input, index, 0); AT(rknn_input, buf, 8); AT(rknn_input, size, 16);
    AT(rknn_input, pass_through, 20); AT(rknn_input, type, 24); AT(rknn_input, fmt, 28);
SIZE(rknn_output, 24); AT(rknn_output, want_float, 0); AT(rknn_output, is_prealloc, 1); AT(rknn_output, index, 4);
    AT(rknn_output, buf, 8); AT(rknn_output, size, 16);
SIZE(rknn_sdk_version, 512); AT(rknn_sdk_version, api_version, 0); AT(rknn_sdk_version, drv_version, 256);
SIZE(rknn_perf_run, 8);

#undef SIZE
#undef AT

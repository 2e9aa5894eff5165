// layout.h - sizes and offsets of every struct and the enumerators, per ABI group, checked by the compiler.
// Generated: python3 simulator/generate-layout.py RKLLM-ABI.JSON > simulator/abi/layout.h. Do not edit.
// The numbers were measured on the vendor's headers (x86-64 and aarch64 agree); a derived group was not.
#pragma once
#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, "size of " #type)
#define AT(type, field, byte) _Static_assert(offsetof(type, field) == byte, #type "." #field)
#define IS(name, value) _Static_assert(name == value, #name)

#if SIM_ABI == 10001 // 1.0.1
IS(LLM_RUN_NORMAL, 0); IS(LLM_RUN_FINISH, 1); IS(LLM_RUN_ERROR, 2);
SIZE(RKLLMParam, 72); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, num_npu_core, 8);
    AT(RKLLMParam, max_context_len, 12); AT(RKLLMParam, max_new_tokens, 16); AT(RKLLMParam, top_k, 20);
    AT(RKLLMParam, top_p, 24); AT(RKLLMParam, temperature, 28); AT(RKLLMParam, repeat_penalty, 32);
    AT(RKLLMParam, frequency_penalty, 36); AT(RKLLMParam, presence_penalty, 40); AT(RKLLMParam, mirostat, 44);
    AT(RKLLMParam, mirostat_tau, 48); AT(RKLLMParam, mirostat_eta, 52); AT(RKLLMParam, logprobs, 56);
    AT(RKLLMParam, top_logprobs, 60); AT(RKLLMParam, use_gpu, 64);
SIZE(Token, 8); AT(Token, logprob, 0); AT(Token, id, 4);
SIZE(RKLLMResult, 24); AT(RKLLMResult, text, 0); AT(RKLLMResult, tokens, 8); AT(RKLLMResult, num, 16);

#elif SIM_ABI == 10100 // 1.1
IS(RKLLM_RUN_NORMAL, 0); IS(RKLLM_RUN_WAITING, 1); IS(RKLLM_RUN_FINISH, 2); IS(RKLLM_RUN_ERROR, 3);
    IS(RKLLM_RUN_GET_LAST_HIDDEN_LAYER, 4);
IS(RKLLM_INPUT_PROMPT, 0); IS(RKLLM_INPUT_TOKEN, 1); IS(RKLLM_INPUT_EMBED, 2); IS(RKLLM_INPUT_MULTIMODAL, 3);
IS(RKLLM_INFER_GENERATE, 0); IS(RKLLM_INFER_GET_LAST_HIDDEN_LAYER, 1);
SIZE(RKLLMExtendParam, 116); AT(RKLLMExtendParam, base_domain_id, 0); AT(RKLLMExtendParam, reserved, 4);
SIZE(RKLLMParam, 200); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, max_context_len, 8);
    AT(RKLLMParam, max_new_tokens, 12); AT(RKLLMParam, top_k, 16); AT(RKLLMParam, top_p, 20);
    AT(RKLLMParam, temperature, 24); AT(RKLLMParam, repeat_penalty, 28); AT(RKLLMParam, frequency_penalty, 32);
    AT(RKLLMParam, presence_penalty, 36); AT(RKLLMParam, mirostat, 40); AT(RKLLMParam, mirostat_tau, 44);
    AT(RKLLMParam, mirostat_eta, 48); AT(RKLLMParam, skip_special_token, 52); AT(RKLLMParam, is_async, 53);
    AT(RKLLMParam, img_start, 56); AT(RKLLMParam, img_end, 64); AT(RKLLMParam, img_content, 72);
    AT(RKLLMParam, extend_param, 80);
SIZE(RKLLMLoraAdapter, 24); AT(RKLLMLoraAdapter, lora_adapter_path, 0); AT(RKLLMLoraAdapter, lora_adapter_name, 8);
    AT(RKLLMLoraAdapter, scale, 16);
SIZE(RKLLMEmbedInput, 16); AT(RKLLMEmbedInput, embed, 0); AT(RKLLMEmbedInput, n_tokens, 8);
SIZE(RKLLMTokenInput, 16); AT(RKLLMTokenInput, input_ids, 0); AT(RKLLMTokenInput, n_tokens, 8);
SIZE(RKLLMMultiModelInput, 24); AT(RKLLMMultiModelInput, prompt, 0); AT(RKLLMMultiModelInput, image_embed, 8);
    AT(RKLLMMultiModelInput, n_image_tokens, 16);
SIZE(RKLLMInput, 32); AT(RKLLMInput, input_type, 0); AT(RKLLMInput, prompt_input, 8); AT(RKLLMInput, embed_input, 8);
    AT(RKLLMInput, token_input, 8); AT(RKLLMInput, multimodal_input, 8);
SIZE(RKLLMLoraParam, 8); AT(RKLLMLoraParam, lora_adapter_name, 0);
SIZE(RKLLMPromptCacheParam, 16); AT(RKLLMPromptCacheParam, save_prompt_cache, 0);
    AT(RKLLMPromptCacheParam, prompt_cache_path, 8);
SIZE(RKLLMInferParam, 24); AT(RKLLMInferParam, mode, 0); AT(RKLLMInferParam, lora_params, 8);
    AT(RKLLMInferParam, prompt_cache_params, 16);
SIZE(RKLLMResultLastHiddenLayer, 16); AT(RKLLMResultLastHiddenLayer, hidden_states, 0);
    AT(RKLLMResultLastHiddenLayer, embd_size, 8); AT(RKLLMResultLastHiddenLayer, num_tokens, 12);
SIZE(RKLLMResult, 32); AT(RKLLMResult, text, 0); AT(RKLLMResult, token_id, 8); AT(RKLLMResult, last_hidden_layer, 16);

#elif SIM_ABI == 10200 // 1.2.0
IS(RKLLM_RUN_NORMAL, 0); IS(RKLLM_RUN_WAITING, 1); IS(RKLLM_RUN_FINISH, 2); IS(RKLLM_RUN_ERROR, 3);
IS(RKLLM_INPUT_PROMPT, 0); IS(RKLLM_INPUT_TOKEN, 1); IS(RKLLM_INPUT_EMBED, 2); IS(RKLLM_INPUT_MULTIMODAL, 3);
IS(RKLLM_INFER_GENERATE, 0); IS(RKLLM_INFER_GET_LAST_HIDDEN_LAYER, 1); IS(RKLLM_INFER_GET_LOGITS, 2);
SIZE(RKLLMExtendParam, 120); AT(RKLLMExtendParam, base_domain_id, 0); AT(RKLLMExtendParam, embed_flash, 4);
    AT(RKLLMExtendParam, enabled_cpus_num, 5); AT(RKLLMExtendParam, enabled_cpus_mask, 8);
    AT(RKLLMExtendParam, reserved, 12);
SIZE(RKLLMParam, 208); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, max_context_len, 8);
    AT(RKLLMParam, max_new_tokens, 12); AT(RKLLMParam, top_k, 16); AT(RKLLMParam, n_keep, 20);
    AT(RKLLMParam, top_p, 24); AT(RKLLMParam, temperature, 28); AT(RKLLMParam, repeat_penalty, 32);
    AT(RKLLMParam, frequency_penalty, 36); AT(RKLLMParam, presence_penalty, 40); AT(RKLLMParam, mirostat, 44);
    AT(RKLLMParam, mirostat_tau, 48); AT(RKLLMParam, mirostat_eta, 52); AT(RKLLMParam, skip_special_token, 56);
    AT(RKLLMParam, is_async, 57); AT(RKLLMParam, img_start, 64); AT(RKLLMParam, img_end, 72);
    AT(RKLLMParam, img_content, 80); AT(RKLLMParam, extend_param, 88);
SIZE(RKLLMLoraAdapter, 24); AT(RKLLMLoraAdapter, lora_adapter_path, 0); AT(RKLLMLoraAdapter, lora_adapter_name, 8);
    AT(RKLLMLoraAdapter, scale, 16);
SIZE(RKLLMEmbedInput, 16); AT(RKLLMEmbedInput, embed, 0); AT(RKLLMEmbedInput, n_tokens, 8);
SIZE(RKLLMTokenInput, 16); AT(RKLLMTokenInput, input_ids, 0); AT(RKLLMTokenInput, n_tokens, 8);
SIZE(RKLLMMultiModelInput, 24); AT(RKLLMMultiModelInput, prompt, 0); AT(RKLLMMultiModelInput, image_embed, 8);
    AT(RKLLMMultiModelInput, n_image_tokens, 16);
SIZE(RKLLMInput, 32); AT(RKLLMInput, input_type, 0); AT(RKLLMInput, prompt_input, 8); AT(RKLLMInput, embed_input, 8);
    AT(RKLLMInput, token_input, 8); AT(RKLLMInput, multimodal_input, 8);
SIZE(RKLLMLoraParam, 8); AT(RKLLMLoraParam, lora_adapter_name, 0);
SIZE(RKLLMPromptCacheParam, 16); AT(RKLLMPromptCacheParam, save_prompt_cache, 0);
    AT(RKLLMPromptCacheParam, prompt_cache_path, 8);
SIZE(RKLLMInferParam, 32); AT(RKLLMInferParam, mode, 0); AT(RKLLMInferParam, lora_params, 8);
    AT(RKLLMInferParam, prompt_cache_params, 16); AT(RKLLMInferParam, keep_history, 24);
SIZE(RKLLMResultLastHiddenLayer, 16); AT(RKLLMResultLastHiddenLayer, hidden_states, 0);
    AT(RKLLMResultLastHiddenLayer, embd_size, 8); AT(RKLLMResultLastHiddenLayer, num_tokens, 12);
SIZE(RKLLMResultLogits, 16); AT(RKLLMResultLogits, logits, 0); AT(RKLLMResultLogits, vocab_size, 8);
    AT(RKLLMResultLogits, num_tokens, 12);
SIZE(RKLLMResult, 48); AT(RKLLMResult, text, 0); AT(RKLLMResult, token_id, 8); AT(RKLLMResult, last_hidden_layer, 16);
    AT(RKLLMResult, logits, 32);

#elif SIM_ABI == 10201 // 1.2.1
IS(RKLLM_RUN_NORMAL, 0); IS(RKLLM_RUN_WAITING, 1); IS(RKLLM_RUN_FINISH, 2); IS(RKLLM_RUN_ERROR, 3);
IS(RKLLM_INPUT_PROMPT, 0); IS(RKLLM_INPUT_TOKEN, 1); IS(RKLLM_INPUT_EMBED, 2); IS(RKLLM_INPUT_MULTIMODAL, 3);
IS(RKLLM_INFER_GENERATE, 0); IS(RKLLM_INFER_GET_LAST_HIDDEN_LAYER, 1); IS(RKLLM_INFER_GET_LOGITS, 2);
SIZE(RKLLMExtendParam, 120); AT(RKLLMExtendParam, base_domain_id, 0); AT(RKLLMExtendParam, embed_flash, 4);
    AT(RKLLMExtendParam, enabled_cpus_num, 5); AT(RKLLMExtendParam, enabled_cpus_mask, 8);
    AT(RKLLMExtendParam, n_batch, 12); AT(RKLLMExtendParam, use_cross_attn, 13); AT(RKLLMExtendParam, reserved, 14);
SIZE(RKLLMParam, 208); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, max_context_len, 8);
    AT(RKLLMParam, max_new_tokens, 12); AT(RKLLMParam, top_k, 16); AT(RKLLMParam, n_keep, 20);
    AT(RKLLMParam, top_p, 24); AT(RKLLMParam, temperature, 28); AT(RKLLMParam, repeat_penalty, 32);
    AT(RKLLMParam, frequency_penalty, 36); AT(RKLLMParam, presence_penalty, 40); AT(RKLLMParam, mirostat, 44);
    AT(RKLLMParam, mirostat_tau, 48); AT(RKLLMParam, mirostat_eta, 52); AT(RKLLMParam, skip_special_token, 56);
    AT(RKLLMParam, is_async, 57); AT(RKLLMParam, img_start, 64); AT(RKLLMParam, img_end, 72);
    AT(RKLLMParam, img_content, 80); AT(RKLLMParam, extend_param, 88);
SIZE(RKLLMLoraAdapter, 24); AT(RKLLMLoraAdapter, lora_adapter_path, 0); AT(RKLLMLoraAdapter, lora_adapter_name, 8);
    AT(RKLLMLoraAdapter, scale, 16);
SIZE(RKLLMEmbedInput, 16); AT(RKLLMEmbedInput, embed, 0); AT(RKLLMEmbedInput, n_tokens, 8);
SIZE(RKLLMTokenInput, 16); AT(RKLLMTokenInput, input_ids, 0); AT(RKLLMTokenInput, n_tokens, 8);
SIZE(RKLLMMultiModalInput, 48); AT(RKLLMMultiModalInput, prompt, 0); AT(RKLLMMultiModalInput, image_embed, 8);
    AT(RKLLMMultiModalInput, n_image_tokens, 16); AT(RKLLMMultiModalInput, n_image, 24);
    AT(RKLLMMultiModalInput, image_width, 32); AT(RKLLMMultiModalInput, image_height, 40);
SIZE(RKLLMInput, 64); AT(RKLLMInput, role, 0); AT(RKLLMInput, enable_thinking, 8); AT(RKLLMInput, input_type, 12);
    AT(RKLLMInput, prompt_input, 16); AT(RKLLMInput, embed_input, 16); AT(RKLLMInput, token_input, 16);
    AT(RKLLMInput, multimodal_input, 16);
SIZE(RKLLMLoraParam, 8); AT(RKLLMLoraParam, lora_adapter_name, 0);
SIZE(RKLLMPromptCacheParam, 16); AT(RKLLMPromptCacheParam, save_prompt_cache, 0);
    AT(RKLLMPromptCacheParam, prompt_cache_path, 8);
SIZE(RKLLMCrossAttnParam, 40); AT(RKLLMCrossAttnParam, encoder_k_cache, 0); AT(RKLLMCrossAttnParam, encoder_v_cache, 8);
    AT(RKLLMCrossAttnParam, encoder_mask, 16); AT(RKLLMCrossAttnParam, encoder_pos, 24);
    AT(RKLLMCrossAttnParam, num_tokens, 32);
SIZE(RKLLMInferParam, 32); AT(RKLLMInferParam, mode, 0); AT(RKLLMInferParam, lora_params, 8);
    AT(RKLLMInferParam, prompt_cache_params, 16); AT(RKLLMInferParam, keep_history, 24);
SIZE(RKLLMResultLastHiddenLayer, 16); AT(RKLLMResultLastHiddenLayer, hidden_states, 0);
    AT(RKLLMResultLastHiddenLayer, embd_size, 8); AT(RKLLMResultLastHiddenLayer, num_tokens, 12);
SIZE(RKLLMResultLogits, 16); AT(RKLLMResultLogits, logits, 0); AT(RKLLMResultLogits, vocab_size, 8);
    AT(RKLLMResultLogits, num_tokens, 12);
SIZE(RKLLMPerfStat, 20); AT(RKLLMPerfStat, prefill_time_ms, 0); AT(RKLLMPerfStat, prefill_tokens, 4);
    AT(RKLLMPerfStat, generate_time_ms, 8); AT(RKLLMPerfStat, generate_tokens, 12);
    AT(RKLLMPerfStat, memory_usage_mb, 16);
SIZE(RKLLMResult, 72); AT(RKLLMResult, text, 0); AT(RKLLMResult, token_id, 8); AT(RKLLMResult, last_hidden_layer, 16);
    AT(RKLLMResult, logits, 32); AT(RKLLMResult, perf, 48);

#elif SIM_ABI == 10300 // 1.3.0
IS(RKLLM_RUN_NORMAL, 0); IS(RKLLM_RUN_WAITING, 1); IS(RKLLM_RUN_FINISH, 2); IS(RKLLM_RUN_ERROR, 3);
IS(RKLLM_INPUT_PROMPT, 0); IS(RKLLM_INPUT_TOKEN, 1); IS(RKLLM_INPUT_EMBED, 2); IS(RKLLM_INPUT_MULTIMODAL, 3);
IS(RKLLM_INFER_GENERATE, 0); IS(RKLLM_INFER_GET_LAST_HIDDEN_LAYER, 1); IS(RKLLM_INFER_GET_LOGITS, 2);
SIZE(RKLLMExtendParam, 120); AT(RKLLMExtendParam, base_domain_id, 0); AT(RKLLMExtendParam, embed_flash, 4);
    AT(RKLLMExtendParam, enabled_cpus_num, 5); AT(RKLLMExtendParam, enabled_cpus_mask, 8);
    AT(RKLLMExtendParam, n_batch, 12); AT(RKLLMExtendParam, use_cross_attn, 13); AT(RKLLMExtendParam, reserved, 14);
SIZE(RKLLMParam, 184); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, max_context_len, 8);
    AT(RKLLMParam, max_new_tokens, 12); AT(RKLLMParam, top_k, 16); AT(RKLLMParam, n_keep, 20);
    AT(RKLLMParam, top_p, 24); AT(RKLLMParam, temperature, 28); AT(RKLLMParam, repeat_penalty, 32);
    AT(RKLLMParam, frequency_penalty, 36); AT(RKLLMParam, presence_penalty, 40); AT(RKLLMParam, mirostat, 44);
    AT(RKLLMParam, mirostat_tau, 48); AT(RKLLMParam, mirostat_eta, 52); AT(RKLLMParam, skip_special_token, 56);
    AT(RKLLMParam, ignore_eos_token, 57); AT(RKLLMParam, is_async, 58); AT(RKLLMParam, extend_param, 60);
SIZE(RKLLMLoraAdapter, 24); AT(RKLLMLoraAdapter, lora_adapter_path, 0); AT(RKLLMLoraAdapter, lora_adapter_name, 8);
    AT(RKLLMLoraAdapter, scale, 16);
SIZE(RKLLMEmbedInput, 16); AT(RKLLMEmbedInput, embed, 0); AT(RKLLMEmbedInput, n_tokens, 8);
SIZE(RKLLMTokenInput, 16); AT(RKLLMTokenInput, input_ids, 0); AT(RKLLMTokenInput, n_tokens, 8);
SIZE(RKLLMMultiModalInput, 144); AT(RKLLMMultiModalInput, prompt, 0); AT(RKLLMMultiModalInput, image, 8);
    AT(RKLLMMultiModalInput, image.image_embed, 8); AT(RKLLMMultiModalInput, image.n_image_tokens, 16);
    AT(RKLLMMultiModalInput, image.n_image, 24); AT(RKLLMMultiModalInput, image.image_start, 32);
    AT(RKLLMMultiModalInput, image.image_end, 40); AT(RKLLMMultiModalInput, image.image_content, 48);
    AT(RKLLMMultiModalInput, image.image_width, 56); AT(RKLLMMultiModalInput, image.image_height, 64);
    AT(RKLLMMultiModalInput, video, 72); AT(RKLLMMultiModalInput, video.video_embed, 72);
    AT(RKLLMMultiModalInput, video.n_frame_tokens, 80); AT(RKLLMMultiModalInput, video.n_frame_per_video, 88);
    AT(RKLLMMultiModalInput, video.n_video, 96); AT(RKLLMMultiModalInput, video.video_start, 104);
    AT(RKLLMMultiModalInput, video.video_end, 112); AT(RKLLMMultiModalInput, video.video_content, 120);
    AT(RKLLMMultiModalInput, video.frame_width, 128); AT(RKLLMMultiModalInput, video.frame_height, 136);
SIZE(RKLLMInput, 160); AT(RKLLMInput, role, 0); AT(RKLLMInput, enable_thinking, 8); AT(RKLLMInput, input_type, 12);
    AT(RKLLMInput, prompt_input, 16); AT(RKLLMInput, embed_input, 16); AT(RKLLMInput, token_input, 16);
    AT(RKLLMInput, multimodal_input, 16);
SIZE(RKLLMLoraParam, 8); AT(RKLLMLoraParam, lora_adapter_name, 0);
SIZE(RKLLMPromptCacheParam, 16); AT(RKLLMPromptCacheParam, save_prompt_cache, 0);
    AT(RKLLMPromptCacheParam, prompt_cache_path, 8);
SIZE(RKLLMCrossAttnParam, 40); AT(RKLLMCrossAttnParam, encoder_k_cache, 0); AT(RKLLMCrossAttnParam, encoder_v_cache, 8);
    AT(RKLLMCrossAttnParam, encoder_mask, 16); AT(RKLLMCrossAttnParam, encoder_pos, 24);
    AT(RKLLMCrossAttnParam, num_tokens, 32);
SIZE(RKLLMSamplingParam, 36); AT(RKLLMSamplingParam, top_k, 0); AT(RKLLMSamplingParam, top_p, 4);
    AT(RKLLMSamplingParam, temperature, 8); AT(RKLLMSamplingParam, repeat_penalty, 12);
    AT(RKLLMSamplingParam, frequency_penalty, 16); AT(RKLLMSamplingParam, presence_penalty, 20);
    AT(RKLLMSamplingParam, mirostat, 24); AT(RKLLMSamplingParam, mirostat_tau, 28);
    AT(RKLLMSamplingParam, mirostat_eta, 32);
SIZE(RKLLMInferParam, 40); AT(RKLLMInferParam, mode, 0); AT(RKLLMInferParam, lora_params, 8);
    AT(RKLLMInferParam, prompt_cache_params, 16); AT(RKLLMInferParam, sampling_params, 24);
    AT(RKLLMInferParam, keep_history, 32); AT(RKLLMInferParam, max_new_tokens, 36);
SIZE(RKLLMResultLastHiddenLayer, 16); AT(RKLLMResultLastHiddenLayer, hidden_states, 0);
    AT(RKLLMResultLastHiddenLayer, embd_size, 8); AT(RKLLMResultLastHiddenLayer, num_tokens, 12);
SIZE(RKLLMResultLogits, 16); AT(RKLLMResultLogits, logits, 0); AT(RKLLMResultLogits, vocab_size, 8);
    AT(RKLLMResultLogits, num_tokens, 12);
SIZE(RKLLMPerfStat, 20); AT(RKLLMPerfStat, prefill_time_ms, 0); AT(RKLLMPerfStat, prefill_tokens, 4);
    AT(RKLLMPerfStat, generate_time_ms, 8); AT(RKLLMPerfStat, generate_tokens, 12);
    AT(RKLLMPerfStat, memory_usage_mb, 16);
SIZE(RKLLMResult, 72); AT(RKLLMResult, text, 0); AT(RKLLMResult, token_id, 8); AT(RKLLMResult, last_hidden_layer, 16);
    AT(RKLLMResult, logits, 32); AT(RKLLMResult, perf, 48);
SIZE(RKLLMCallback, 48); AT(RKLLMCallback, result_callback, 0); AT(RKLLMCallback, result_userdata, 8);
    AT(RKLLMCallback, tokenizer_callback, 16); AT(RKLLMCallback, tokenizer_userdata, 24);
    AT(RKLLMCallback, embed_callback, 32); AT(RKLLMCallback, embed_userdata, 40);

#elif SIM_ABI == 10301 // 1.3.1-derived
IS(RKLLM_RUN_NORMAL, 0); IS(RKLLM_RUN_WAITING, 1); IS(RKLLM_RUN_FINISH, 2); IS(RKLLM_RUN_ERROR, 3);
IS(RKLLM_INPUT_PROMPT, 0); IS(RKLLM_INPUT_TOKEN, 1); IS(RKLLM_INPUT_EMBED, 2); IS(RKLLM_INPUT_MULTIMODAL, 3);
IS(RKLLM_INFER_GENERATE, 0); IS(RKLLM_INFER_GET_LAST_HIDDEN_LAYER, 1); IS(RKLLM_INFER_GET_LOGITS, 2);
SIZE(RKLLMExtendParam, 120); AT(RKLLMExtendParam, base_domain_id, 0); AT(RKLLMExtendParam, embed_flash, 4);
    AT(RKLLMExtendParam, enabled_cpus_num, 5); AT(RKLLMExtendParam, enabled_cpus_mask, 8);
    AT(RKLLMExtendParam, n_batch, 12); AT(RKLLMExtendParam, use_cross_attn, 13); AT(RKLLMExtendParam, reserved, 14);
SIZE(RKLLMParam, 184); AT(RKLLMParam, model_path, 0); AT(RKLLMParam, max_context_len, 8);
    AT(RKLLMParam, max_new_tokens, 12); AT(RKLLMParam, top_k, 16); AT(RKLLMParam, n_keep, 20);
    AT(RKLLMParam, top_p, 24); AT(RKLLMParam, temperature, 28); AT(RKLLMParam, repeat_penalty, 32);
    AT(RKLLMParam, frequency_penalty, 36); AT(RKLLMParam, presence_penalty, 40); AT(RKLLMParam, mirostat, 44);
    AT(RKLLMParam, mirostat_tau, 48); AT(RKLLMParam, mirostat_eta, 52); AT(RKLLMParam, skip_special_token, 56);
    AT(RKLLMParam, ignore_eos_token, 57); AT(RKLLMParam, is_async, 58); AT(RKLLMParam, extend_param, 60);
SIZE(RKLLMLoraAdapter, 24); AT(RKLLMLoraAdapter, lora_adapter_path, 0); AT(RKLLMLoraAdapter, lora_adapter_name, 8);
    AT(RKLLMLoraAdapter, scale, 16);
SIZE(RKLLMEmbedInput, 16); AT(RKLLMEmbedInput, embed, 0); AT(RKLLMEmbedInput, n_tokens, 8);
SIZE(RKLLMTokenInput, 16); AT(RKLLMTokenInput, input_ids, 0); AT(RKLLMTokenInput, n_tokens, 8);
SIZE(RKLLMMultiModalInput, 192); AT(RKLLMMultiModalInput, prompt, 0); AT(RKLLMMultiModalInput, image, 8);
    AT(RKLLMMultiModalInput, image.image_embed, 8); AT(RKLLMMultiModalInput, image.n_image_tokens, 16);
    AT(RKLLMMultiModalInput, image.n_image, 24); AT(RKLLMMultiModalInput, image.image_start, 32);
    AT(RKLLMMultiModalInput, image.image_end, 40); AT(RKLLMMultiModalInput, image.image_content, 48);
    AT(RKLLMMultiModalInput, image.image_width, 56); AT(RKLLMMultiModalInput, image.image_height, 64);
    AT(RKLLMMultiModalInput, video, 72); AT(RKLLMMultiModalInput, video.video_embed, 72);
    AT(RKLLMMultiModalInput, video.n_frame_tokens, 80); AT(RKLLMMultiModalInput, video.n_frame_per_video, 88);
    AT(RKLLMMultiModalInput, video.n_video, 96); AT(RKLLMMultiModalInput, video.video_start, 104);
    AT(RKLLMMultiModalInput, video.video_end, 112); AT(RKLLMMultiModalInput, video.video_content, 120);
    AT(RKLLMMultiModalInput, video.frame_width, 128); AT(RKLLMMultiModalInput, video.frame_height, 136);
    AT(RKLLMMultiModalInput, audio, 144); AT(RKLLMMultiModalInput, audio.audio_embed, 144);
    AT(RKLLMMultiModalInput, audio.n_audio_tokens, 152); AT(RKLLMMultiModalInput, audio.n_audio, 160);
    AT(RKLLMMultiModalInput, audio.audio_start, 168); AT(RKLLMMultiModalInput, audio.audio_end, 176);
    AT(RKLLMMultiModalInput, audio.audio_content, 184);
SIZE(RKLLMInput, 208); AT(RKLLMInput, role, 0); AT(RKLLMInput, enable_thinking, 8); AT(RKLLMInput, input_type, 12);
    AT(RKLLMInput, prompt_input, 16); AT(RKLLMInput, embed_input, 16); AT(RKLLMInput, token_input, 16);
    AT(RKLLMInput, multimodal_input, 16);
SIZE(RKLLMLoraParam, 8); AT(RKLLMLoraParam, lora_adapter_name, 0);
SIZE(RKLLMPromptCacheParam, 16); AT(RKLLMPromptCacheParam, save_prompt_cache, 0);
    AT(RKLLMPromptCacheParam, prompt_cache_path, 8);
SIZE(RKLLMCrossAttnParam, 40); AT(RKLLMCrossAttnParam, encoder_k_cache, 0); AT(RKLLMCrossAttnParam, encoder_v_cache, 8);
    AT(RKLLMCrossAttnParam, encoder_mask, 16); AT(RKLLMCrossAttnParam, encoder_pos, 24);
    AT(RKLLMCrossAttnParam, num_tokens, 32);
SIZE(RKLLMSamplingParam, 36); AT(RKLLMSamplingParam, top_k, 0); AT(RKLLMSamplingParam, top_p, 4);
    AT(RKLLMSamplingParam, temperature, 8); AT(RKLLMSamplingParam, repeat_penalty, 12);
    AT(RKLLMSamplingParam, frequency_penalty, 16); AT(RKLLMSamplingParam, presence_penalty, 20);
    AT(RKLLMSamplingParam, mirostat, 24); AT(RKLLMSamplingParam, mirostat_tau, 28);
    AT(RKLLMSamplingParam, mirostat_eta, 32);
SIZE(RKLLMInferParam, 40); AT(RKLLMInferParam, mode, 0); AT(RKLLMInferParam, lora_params, 8);
    AT(RKLLMInferParam, prompt_cache_params, 16); AT(RKLLMInferParam, sampling_params, 24);
    AT(RKLLMInferParam, keep_history, 32); AT(RKLLMInferParam, max_new_tokens, 36);
SIZE(RKLLMResultLastHiddenLayer, 16); AT(RKLLMResultLastHiddenLayer, hidden_states, 0);
    AT(RKLLMResultLastHiddenLayer, embd_size, 8); AT(RKLLMResultLastHiddenLayer, num_tokens, 12);
SIZE(RKLLMResultLogits, 16); AT(RKLLMResultLogits, logits, 0); AT(RKLLMResultLogits, vocab_size, 8);
    AT(RKLLMResultLogits, num_tokens, 12);
SIZE(RKLLMPerfStat, 20); AT(RKLLMPerfStat, prefill_time_ms, 0); AT(RKLLMPerfStat, prefill_tokens, 4);
    AT(RKLLMPerfStat, generate_time_ms, 8); AT(RKLLMPerfStat, generate_tokens, 12);
    AT(RKLLMPerfStat, memory_usage_mb, 16);
SIZE(RKLLMResult, 72); AT(RKLLMResult, text, 0); AT(RKLLMResult, token_id, 8); AT(RKLLMResult, last_hidden_layer, 16);
    AT(RKLLMResult, logits, 32); AT(RKLLMResult, perf, 48);
SIZE(RKLLMCallback, 48); AT(RKLLMCallback, result_callback, 0); AT(RKLLMCallback, result_userdata, 8);
    AT(RKLLMCallback, tokenizer_callback, 16); AT(RKLLMCallback, tokenizer_userdata, 24);
    AT(RKLLMCallback, embed_callback, 32); AT(RKLLMCallback, embed_userdata, 40);

#else
#error "unknown SIM_ABI"
#endif

#undef SIZE
#undef AT
#undef IS

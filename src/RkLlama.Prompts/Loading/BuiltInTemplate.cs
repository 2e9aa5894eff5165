using System.IO.Enumeration;

namespace RkLlama.Prompts.Loading;

/// <summary>A chat template that this project contains, for models whose files have no chat template.</summary>
/// <param name="Name">The name of the template. It is also a possible value of the Modelfile key <c>TEMPLATE</c>.</param>
/// <param name="Source">The Jinja source.</param>
/// <param name="BosToken">The text of the token at the beginning of a prompt; null if the model family has none.</param>
/// <param name="EosToken">The text of the token at the end of an answer.</param>
/// <param name="MarkerToken">The text of a control token that is only in tokenizers of this model family; null if there is none. A tokenizer without it
/// does not belong to the family.</param>
internal sealed record BuiltInTemplate(string Name, string Source, string? BosToken, string EosToken, string? MarkerToken)
{
    public static BuiltInTemplate ChatMl { get; } = new(
        "chatml",
        """
        {%- if tools %}
            {{- '<|im_start|>system\n' }}
            {%- if messages[0].role == 'system' %}
                {{- messages[0].content + '\n\n' }}
            {%- endif %}
            {{- 'Functions that may be called, one JSON description per line:\n<tools>\n' }}
            {%- for tool in tools %}
                {{- tool | tojson + '\n' }}
            {%- endfor %}
            {{- '</tools>\nA call is one JSON object between tags:\n<tool_call>\n{"name": <function>, "arguments": <object>}\n</tool_call><|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages %}
            {%- if not (tools and loop.first and message.role == 'system') %}
                {{- '<|im_start|>' + ('user' if message.role == 'tool' else message.role) + '\n' }}
                {%- if message.role == 'tool' %}
                    {{- '<tool_response>\n' + (message.content or '') + '\n</tool_response>' }}
                {%- else %}
                    {{- message.content or '' }}
                {%- endif %}
                {%- for call in message.tool_calls or [] %}
                    {{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\n</tool_call>' }}
                {%- endfor %}
                {{- '<|im_end|>\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """,
        null,
        "<|im_end|>",
        "<|im_start|>");

    private static readonly BuiltInTemplate[] _all =
    [
        ChatMl,
        // An empty block makes these models answer without reasoning.
        ChatMl with
        {
            Name = "qwen3",
            Source = ChatMl.Source.Replace(
                """{{- '<|im_start|>assistant\n' }}""",
                """{{- '<|im_start|>assistant\n' + ('<think>\n\n</think>\n\n' if enable_thinking is false else '') }}""",
                StringComparison.Ordinal),
        },
        new(
            "llama-2",
            """
            {%- set ns = namespace(system='') %}
            {%- for message in messages %}
                {%- if message.role == 'system' %}
                    {%- set ns.system = '<<SYS>>\n' + message.content + '\n<</SYS>>\n\n' %}
                {%- elif message.role == 'assistant' %}
                    {{- ' ' + (message.content or '')|trim + ' ' + eos_token }}
                {%- else %}
                    {{- bos_token + '[INST] ' + ns.system + message.content|trim + ' [/INST]' }}
                    {%- set ns.system = '' %}
                {%- endif %}
            {%- endfor %}
            """,
            "<s>",
            "</s>",
            null),
        new(
            "llama-3",
            """
            {{- bos_token }}
            {%- for message in messages %}
                {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' }}
                {{- (message.content or '')|trim }}
                {{- '<|eot_id|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
            {%- endif %}
            """,
            "<|begin_of_text|>",
            "<|eot_id|>",
            "<|start_header_id|>"),
        new(
            "gemma",
            """
            {{- bos_token }}
            {%- for message in messages %}
                {%- if message.role == 'system' %}
                    {{- raise_exception('the model has no system role') }}
                {%- endif %}
                {{- '<start_of_turn>' + ('model' if message.role == 'assistant' else 'user') + '\n' }}
                {{- (message.content or '')|trim }}
                {{- '<end_of_turn>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<start_of_turn>model\n' }}
            {%- endif %}
            """,
            "<bos>",
            "<end_of_turn>",
            "<start_of_turn>"),
        new(
            "phi-3",
            """
            {%- for message in messages %}
                {{- '<|' + message.role + '|>\n' }}
                {{- message.content or '' }}
                {{- '<|end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|assistant|>\n' }}
            {%- endif %}
            """,
            null,
            "<|end|>",
            "<|assistant|>"),
        new(
            "zephyr",
            """
            {%- for message in messages %}
                {{- '<|' + message.role + '|>\n' }}
                {{- message.content or '' }}
                {{- eos_token + '\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|assistant|>\n' }}
            {%- endif %}
            """,
            null,
            "</s>",
            null),
        new(
            "deepseek-r1",
            """
            {{- bos_token }}
            {%- for message in messages if message.role == 'system' %}
                {{- message.content }}
            {%- endfor %}
            {%- for message in messages if message.role != 'system' %}
                {%- if message.role == 'assistant' %}
                    {{- '<｜Assistant｜>' + (message.content or '').split('</think>')[-1] + eos_token }}
                {%- else %}
                    {{- '<｜User｜>' + message.content }}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<｜Assistant｜>' }}
                {{- '<think>\n\n</think>\n\n' if enable_thinking is false else '<think>\n' }}
            {%- endif %}
            """,
            "<｜begin▁of▁sentence｜>",
            "<｜end▁of▁sentence｜>",
            "<｜Assistant｜>"),
        new(
            "deepseek-coder",
            """
            {{- bos_token }}
            {%- for message in messages %}
                {%- if message.role == 'system' %}
                    {{- message.content + '\n' }}
                {%- elif message.role == 'assistant' %}
                    {{- '### Response:\n' + (message.content or '') + '\n' + eos_token + '\n' }}
                {%- else %}
                    {{- '### Instruction:\n' + message.content + '\n' }}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '### Response:\n' }}
            {%- endif %}
            """,
            "<｜begin▁of▁sentence｜>",
            "<|EOT|>",
            "<|EOT|>"),
        // The tokenizers of all generations have the end token. They are told apart by the tokens above.
        new(
            "deepseek-llm",
            """
            {{- bos_token }}
            {%- for message in messages %}
                {%- if message.role == 'system' %}
                    {{- message.content + '\n\n' }}
                {%- elif message.role == 'assistant' %}
                    {{- 'Assistant: ' + (message.content or '') + eos_token }}
                {%- else %}
                    {{- 'User: ' + message.content + '\n\n' }}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- 'Assistant:' }}
            {%- endif %}
            """,
            "<｜begin▁of▁sentence｜>",
            "<｜end▁of▁sentence｜>",
            "<｜end▁of▁sentence｜>"),
    ];

    // Searched in this order, because the name of a derived model may also contain the name of the model family that it is derived from. A star stands for any
    // text.
    private static readonly (string Part, string Template)[] _families =
    [
        ("deepseek-coder-v2", "deepseek-llm"),
        ("deepseek-coder", "deepseek-coder"),
        ("deepseek-llm", "deepseek-llm"),
        ("deepseek-moe", "deepseek-llm"),
        ("deepseek-math", "deepseek-llm"),
        ("deepseek-v2-lite", "deepseek-llm"),
        ("deepseek*-r1", "deepseek-r1"),
        ("deepseekr1", "deepseek-r1"),
        ("tinyllama", "zephyr"),
        ("zephyr", "zephyr"),
        ("llama-3", "llama-3"),
        ("llama3", "llama-3"),
        ("llama-2", "llama-2"),
        ("llama2", "llama-2"),
        ("gemma", "gemma"),
        ("phi-3", "phi-3"),
        ("phi3", "phi-3"),
        ("qwen3-coder", "chatml"),
        ("qwen3-embedding", "chatml"),
        ("qwen3-reranker", "chatml"),
        ("qwen3-vl", "chatml"),
        ("qwen3", "qwen3"),
        ("smollm3", "qwen3"),
        ("qwen", "chatml"),
        ("qwq", "chatml"),
        ("internlm2", "chatml"),
        ("smollm", "chatml"),
    ];

    public static string Names { get; } = string.Join(", ", _all.Select(template => template.Name));

    /// <summary>Returns the first template whose marker token is in a vocabulary; null if there is none.</summary>
    /// <param name="isKnown">Whether the vocabulary contains a token.</param>
    public static BuiltInTemplate? ForVocabulary(Func<string, bool> isKnown) => Array.Find(_all, template => template.MarkerToken is { } marker && isKnown(marker));

    public static BuiltInTemplate? Find(string name) => Array.Find(_all, template => template.Name == name);

    /// <summary>
    /// Returns the template of the model family whose name is a part of <paramref name="modelName"/>; null if no known family matches. Ignores case.
    /// </summary>
    public static BuiltInTemplate? ForModel(string modelName)
    {
        string name = modelName.ToLowerInvariant().Replace('_', '-');
        return _families.FirstOrDefault(family => FileSystemName.MatchesSimpleExpression($"*{family.Part}*", name, ignoreCase: false)).Template is { } template
            ? Find(template)
            : null;
    }
}

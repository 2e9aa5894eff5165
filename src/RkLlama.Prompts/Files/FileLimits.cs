namespace RkLlama.Prompts.Files;

/// <summary>Maximum sizes of the files of a model, in bytes. A larger file is refused. The .rkllm file has no limit.</summary>
public static class FileLimits
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    /// <summary>A Modelfile.</summary>
    public const int Modelfile = 64 * KiB;

    /// <summary>
    /// A chat template: <c>chat_template.jinja</c>, <c>chat_template.json</c>, a file in <c>additional_chat_templates</c>, or the <c>.jinja</c> file that TEMPLATE names.
    /// </summary>
    public const int Template = MiB;

    /// <summary>A <c>tokenizer.json</c>.</summary>
    public const int Tokenizer = 64 * MiB;

    /// <summary>A <c>*.tiktoken</c> file.</summary>
    public const int Tiktoken = 32 * MiB;

    /// <summary>A <c>tokenizer_config.json</c>.</summary>
    public const int TokenizerConfig = 16 * MiB;

    /// <summary>A <c>generation_config.json</c>.</summary>
    public const int GenerationConfig = MiB;

    /// <summary>A <c>special_tokens_map.json</c>.</summary>
    public const int SpecialTokensMap = MiB;

    /// <summary>A file in the cache of the Hugging Face libraries that contains the name of a revision, such as <c>refs/main</c>.</summary>
    public const int Revision = 4 * KiB;
}

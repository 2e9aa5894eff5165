using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.PreTokenizers;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>
/// Creates normalizers and decoders from their configuration in a tokenizer file. Throws <see cref="TokenizerException"/> if a component is not supported.
/// </summary>
internal static class ComponentReader
{
    /// <summary>Appends the steps of a normalizer to a list: one step, or the steps of all parts of a <c>Sequence</c>.</summary>
    /// <param name="config">The configuration; null if the file has no normalizer.</param>
    public static void AddNormalizers(ConfigNode? config, List<Normalizer> steps)
    {
        switch (config?.Type)
        {
            case null:
                break;
            case "Sequence":
                foreach (ConfigNode step in config.GetItems("normalizers"))
                    AddNormalizers(step, steps);
                break;
            case "NFC":
                steps.Add(new NfcNormalizer());
                break;
            case "Prepend":
                steps.Add(new PrependNormalizer(config.GetString("prepend")));
                break;
            case "Replace":
                steps.Add(new ReplaceNormalizer(ReadPattern(config), ReadReplacement(config)));
                break;
            case "Strip":
                steps.Add(new StripNormalizer(config.GetBool("strip_left", true), config.GetBool("strip_right", true)));
                break;
            case "Lowercase":
                steps.Add(new LowercaseNormalizer());
                break;
            default:
                throw TokenizerException.Unsupported($"the normalizer {config.Type}");
        }
    }

    /// <summary>Appends the steps of a decoder to a list: one step, or the steps of all parts of a <c>Sequence</c>.</summary>
    public static void AddDecoders(ConfigNode config, List<TokenDecoder> steps)
    {
        switch (config.Type)
        {
            case "Sequence":
                foreach (ConfigNode step in config.GetItems("decoders"))
                    AddDecoders(step, steps);
                break;
            case "ByteLevel":
                steps.Add(new ByteLevelDecoder());
                break;
            case "ByteFallback":
                steps.Add(new ByteFallbackDecoder());
                break;
            case "Fuse":
                steps.Add(new FuseDecoder());
                break;
            case "Replace":
                steps.Add(new ReplaceDecoder(ReadPattern(config), ReadReplacement(config)));
                break;
            case "Strip":
                steps.Add(new StripDecoder(config.GetChar("content"), config.GetInt32("start"), config.GetInt32("stop")));
                break;
            case "Metaspace":
                steps.Add(new MetaspaceDecoder(config.GetChar("replacement"), ReadPrependScheme(config) != PrependScheme.Never));
                break;
            default:
                throw TokenizerException.Unsupported($"the decoder {config.Type}");
        }
    }

    /// <summary>Reads the prepend scheme of a <c>Metaspace</c> component: <c>prepend_scheme</c>, or <c>add_prefix_space</c> in older files.</summary>
    public static PrependScheme ReadPrependScheme(ConfigNode config)
    {
        bool prefix = config.GetBool("add_prefix_space", true);
        if (config.Find("prepend_scheme") is null)
            return prefix ? PrependScheme.Always : PrependScheme.Never;
        PrependScheme scheme = config.GetString("prepend_scheme") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            string other => throw TokenizerException.Unsupported($"the prepend scheme {other}"),
        };
        return prefix || scheme == PrependScheme.Never
            ? scheme
            : throw new TokenizerException("The tokenizer file is broken: Metaspace has both a prepend scheme and no prefix space.");
    }

    /// <summary>Reads the <c>pattern</c> of a component: a literal string or a regular expression.</summary>
    public static TextPattern ReadPattern(ConfigNode config)
    {
        if (config.Find("pattern") is not { } pattern)
            throw TokenizerException.Unsupported($"{config.Type} without a pattern");
        if (pattern.Find("Regex") is not null)
            return KnownPatterns.ForExpression(pattern.GetString("Regex"));
        string literal = pattern.GetString("String");
        return literal.Length > 0 ? new LiteralPattern(literal) : throw TokenizerException.Unsupported($"{config.Type} with an empty pattern");
    }

    private static string ReadReplacement(ConfigNode config)
    {
        string content = config.GetString("content");
        // Not supported, because the meaning of $1 depends on the version of Hugging Face's tokenizers library: newer versions insert the matched group, older
        // ones insert the text "$1".
        if (config.Find("pattern")?.Find("Regex") is not null && content.Contains('$', StringComparison.Ordinal))
            throw TokenizerException.Unsupported($"a Replace that refers to groups ({content})");
        return content;
    }
}

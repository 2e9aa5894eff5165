using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>
/// Creates pre-tokenizers from their configuration in a tokenizer file. Throws <see cref="TokenizerException"/> if a component is not supported.
/// </summary>
internal sealed class PreTokenizerReader
{
    private readonly List<PreTokenizer> _steps = [];

    private PreTokenizerReader()
    {
    }

    /// <summary>
    /// Returns the steps of a pre-tokenizer: one step, or the steps of all parts of a <c>Sequence</c>.
    /// </summary>
    /// <param name="config">The configuration; null if the file has no pre-tokenizer.</param>
    /// <param name="byteLevel">Whether the last step converts bytes to characters of <see cref="Models.ByteAlphabet"/>. If so, the result does not contain this
    /// step, because the model does the conversion (<see cref="Models.BpeOptions.ByteLevel"/>).</param>
    public static PreTokenizer[] Read(ConfigNode? config, out bool byteLevel)
    {
        var reader = new PreTokenizerReader();
        if (config is not null)
            reader.Add(config);
        byteLevel = reader._steps is [.., ByteAlphabetPreTokenizer];
        if (byteLevel)
            reader._steps.RemoveAt(reader._steps.Count - 1);
        return [.. reader._steps];
    }

    private void Add(ConfigNode config)
    {
        switch (config.Type)
        {
            case "Sequence":
                foreach (ConfigNode step in config.GetItems("pretokenizers"))
                    Add(step);
                break;
            case "Split":
                Add(ComponentReader.ReadPattern(config), SplitBehaviors.Parse(config.GetString("behavior")), config.GetBool("invert", false));
                break;
            case "ByteLevel":
                AddByteLevel(config);
                break;
            case "Digits":
                bool individual = config.GetBool("individual_digits", false);
                Add(new CodePointPattern(CodePoints.IsNumeric), individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
                break;
            case "Punctuation":
                string behavior = config.Find("behavior") is null ? "Isolated" : config.GetString("behavior");
                Add(new CodePointPattern(CodePoints.IsPunctuation), SplitBehaviors.Parse(behavior));
                break;
            case "Whitespace":
                Add(new WordPattern(), SplitBehavior.Removed, invert: true);
                break;
            case "WhitespaceSplit":
                Add(new CodePointPattern(CodePoints.IsWhiteSpace), SplitBehavior.Removed);
                break;
            case "Metaspace":
                PrependScheme scheme = ComponentReader.ReadPrependScheme(config);
                _steps.Add(new MetaspacePreTokenizer(config.GetChar("replacement"), scheme, config.GetBool("split", true)));
                break;
            default:
                throw TokenizerException.Unsupported($"the pre-tokenizer {config.Type}");
        }
    }

    private void AddByteLevel(ConfigNode config)
    {
        if (config.GetBool("add_prefix_space", true))
            _steps.Add(new PrefixSpacePreTokenizer());
        if (config.GetBool("use_regex", true))
            Add(KnownPatterns.ForExpression(KnownPatterns.Gpt2), SplitBehavior.Isolated);
        _steps.Add(new ByteAlphabetPreTokenizer());
    }

    private void Add(TextPattern pattern, SplitBehavior behavior, bool invert = false) =>
        _steps.Add(new SplitPreTokenizer(pattern, behavior, invert));
}

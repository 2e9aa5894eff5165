using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>What a request wants to be judged.</summary>
/// <param name="Field">Name of the request field with the documents, for error messages.</param>
internal sealed record RerankInput(string Query, IReadOnlyList<string> Documents, string Field)
{
    /// <summary>What the documents are judged for; <see langword="null"/> for the model's default.</summary>
    internal string? Instruction { get; init; }

    /// <summary>Maximum number of tokens of each document; <see langword="null"/> for no limit besides that of the prompt. A longer document is cut.</summary>
    internal int? MaxTokensPerDocument { get; init; }

    /// <summary>Whether a document that is too long is cut; otherwise it is an error.</summary>
    internal bool Truncates { get; init; } = true;
}

/// <summary>Builds the prompts of one request for a reranking model: one for each document.</summary>
internal sealed class RerankPrompts
{
    // The vendor library needs memory for the logits of the whole vocabulary for each token: about 0.6 MB with the 152,000 tokens of Qwen3.
    private const int DefaultMaxTokens = 512;
    private const string DefaultInstruction = "Given a web search query, retrieve relevant passages that answer the query";

    private readonly ModelInstance _model;
    private readonly PromptBuilder _prompts;
    private readonly PairTemplate _template;
    private readonly RerankInput _input;
    private readonly string _instruction;

    // Maximum number of tokens of a prompt.
    private readonly int _maxTokens;

    /// <exception cref="PromptException">The model has no tokenizer, or its vocabulary does not have the tokens of the answer.</exception>
    internal RerankPrompts(ModelInstance model, PromptBuilder prompts, RerankInput input)
    {
        Modelfile file = model.Entry.Modelfile;
        (_model, _prompts, _input) = (model, prompts, input);
        _instruction = input.Instruction ?? file.RerankInstruction ?? DefaultInstruction;
        _template = file.RerankTemplate is { } source ? new(source) : PairTemplate.Qwen3;
        _maxTokens = Math.Min(model.ContextLength - 1, file.RerankTokens ?? DefaultMaxTokens);
        Tokenizer tokenizer = prompts.Tokenizer ?? throw new PromptException("Reranking needs the tokenizer of the model.");
        Answers = [IdOf(tokenizer, file.RerankYes ?? "yes"), IdOf(tokenizer, file.RerankNo ?? "no")];
    }

    /// <summary>The ids of the tokens "yes" and "no".</summary>
    internal int[] Answers { get; }

    /// <summary>Builds the prompt for a document.</summary>
    /// <param name="index">The place of the document in the request.</param>
    /// <exception cref="ContextLengthException">The query is too long, or the document is too long and is not cut.</exception>
    /// <exception cref="PromptException">A text cannot be encoded.</exception>
    internal (RunInput Input, bool IsCut) Build(int index, CpuBudget budget)
    {
        try
        {
            PromptLimits limits = new(_model.ContextLength, budget) { MaxTokens = _maxTokens };
            Prompt prompt = _prompts.BuildPair(_template, _instruction, _input.Query, _input.Documents[index], limits, _input.MaxTokensPerDocument, out bool isCut);
            return isCut && !_input.Truncates ? throw TooLong(index, prompt) : (PromptInput.Of(prompt, "query"), isCut);
        }
        catch (PromptTooLongException ex)
        {
            throw new ContextLengthException(
                ex.MinTokens, _maxTokens, "query", min: 0, message: $"The query with the instruction and the template has {ex.MinTokens} tokens, and with a document it may have {Limit}: send a shorter query.");
        }
    }

    // A user of the API does not know the Modelfile, so the text says where the number comes from.
    private string Limit => $"{_maxTokens} ({(_model.Entry.Modelfile.RerankTokens is null ? "the default; RERANK_TOKENS in the Modelfile changes it" : "RERANK_TOKENS in the Modelfile")})";

    private ContextLengthException TooLong(int index, Prompt prompt)
    {
        string field = $"{_input.Field}[{index}]";
        string limit = _input.MaxTokensPerDocument is { } max && prompt.TokenCount < _maxTokens ? $"max_tokens_per_doc is {max}" : $"with the query, it may have {Limit} tokens";
        return new(_maxTokens + 1, _maxTokens, field, min: 0, isLowerBound: true, message: $"{field} is too long, and truncate is false: {limit}.");
    }

    private static int IdOf(Tokenizer tokenizer, string answer) => tokenizer.Encode(answer) is [var id]
        ? id
        : throw new PromptException($"The vocabulary of the model has no token \"{answer}\", so it cannot be used for reranking.");
}

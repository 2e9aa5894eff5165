using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common.Embeddings;

/// <summary>
/// The fields of a request for embeddings that say what its texts are for: <c>input_type</c> (Cohere, Voyage, NVIDIA), <c>prompt_name</c> (Text Embeddings
/// Inference, sentence-transformers) and <c>task</c> (Jina).
/// </summary>
/// <param name="Type">What the texts are for.</param>
/// <param name="Names">The names of the fields that the request has.</param>
internal sealed record InputTypeFields(EmbeddingInputType Type, IReadOnlyList<string> Names)
{
    private static readonly Dictionary<string, EmbeddingInputType> InputTypes = new(StringComparer.Ordinal)
    {
        ["query"] = EmbeddingInputType.Query,
        ["search_query"] = EmbeddingInputType.Query,
        ["document"] = EmbeddingInputType.Document,
        ["search_document"] = EmbeddingInputType.Document,
        ["passage"] = EmbeddingInputType.Document,
        ["classification"] = EmbeddingInputType.Plain,
        ["clustering"] = EmbeddingInputType.Plain,
    };

    private static readonly Dictionary<string, EmbeddingInputType> Tasks = new(StringComparer.Ordinal)
    {
        ["retrieval.query"] = EmbeddingInputType.Query,
        ["retrieval.passage"] = EmbeddingInputType.Document,
        ["text-matching"] = EmbeddingInputType.Plain,
        ["classification"] = EmbeddingInputType.Plain,
        ["separation"] = EmbeddingInputType.Plain,
        ["clustering"] = EmbeddingInputType.Plain,
    };

    /// <summary>Reads the fields. An empty text counts as absent.</summary>
    /// <exception cref="ApiException">Status 400: a field has an unknown value, or two fields contradict each other.</exception>
    internal static InputTypeFields Read(string? inputType, string? promptName, string? task)
    {
        List<string> names = [];
        List<EmbeddingInputType> types = [];
        foreach ((string name, string? value, Dictionary<string, EmbeddingInputType> known) in (ReadOnlySpan<(string, string?, Dictionary<string, EmbeddingInputType>)>)
            [("input_type", inputType, InputTypes), ("prompt_name", promptName, InputTypes), ("task", task, Tasks)])
        {
            if (string.IsNullOrEmpty(value))
                continue;
            names.Add(name);
            types.Add(known.TryGetValue(value, out EmbeddingInputType type) ? type : throw JsonFields.Wrong(name, $"one of {string.Join(", ", known.Keys)}"));
        }

        if (types.Distinct().Count() > 1)
            throw ApiException.BadRequest($"{string.Join(" and ", names)} contradict each other.", names[^1]);
        return new(types.FirstOrDefault(), names);
    }

    /// <summary>Returns the names of the fields that have no effect with this model.</summary>
    internal IReadOnlyList<string> IgnoredBy(ModelInstance model)
    {
        Modelfile modelfile = model.Entry.Modelfile;
        return modelfile.EmbedQuery is null && modelfile.EmbedDocument is null ? Names : [];
    }
}

namespace RkLlama.Server.Monitoring;

/// <summary>Which API a request is for, in one word: whatever a client asks for, it is one of these.</summary>
internal static class ApiName
{
    internal const string Guide = "rkllama", OpenAi = "openai", Ollama = "ollama", Operations = "operations", Other = "other";

    internal static string Of(PathString path)
    {
        if (path.StartsWithSegments("/v1"))
            return OpenAi;
        if (path.StartsWithSegments("/api"))
            return Ollama;
        return path.Value switch
        {
            "/" or "/models" or "/current_model" or "/load_model" or "/unload_model" or "/generate" or "/pull" or "/rm" => Guide,
            "/health" or "/ready" or "/metrics" or "/npu" or "/openapi/v1.json" => Operations,
            _ => Other,
        };
    }
}

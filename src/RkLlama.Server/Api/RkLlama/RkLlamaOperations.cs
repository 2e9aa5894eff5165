using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The guide's API in the document.</summary>
internal static class RkLlamaOperations
{
    internal static Operation Welcome { get; } = new("getWelcome", "Says what this is")
    {
        Reply = typeof(WelcomeReply),
        IsOpen = true,
    };

    internal static Operation ListModels { get; } = new("listNodeModels", "Lists the models of the node")
    {
        Description = "New ones are seen without a restart.",
        Reply = typeof(ModelsReply),
        Errors = [500],
    };

    internal static Operation CurrentModel { get; } = new("getCurrentModel", "Names the loaded model")
    {
        Reply = typeof(CurrentModelReply),
        Errors = [404],
        NotFound = "No model is loaded.",
    };

    internal static Operation LoadModel { get; } = new("loadModel", "Loads a model")
    {
        Description = "A model that is loaded this way stays until it is unloaded. Where one is loaded already, the answer is a 400.",
        Body = typeof(LoadModelBody),
        Example = """{"model_name": "demo"}""",
        Reply = typeof(MessageReply),
    };

    internal static Operation UnloadModel { get; } = new("unloadModel", "Unloads the model")
    {
        Description = "Its memory is free when the answer comes; a run in progress ends with an error.",
        Reply = typeof(MessageReply),
        Errors = [400],
    };

    internal static Operation Generate { get; } = new("generate", "Continues a conversation with the loaded model")
    {
        Description = "Thoughts stay in the content as the model writes them. Sampling comes from the Modelfile.",
        Body = typeof(GenerateBody),
        Example = """{"messages": [{"role": "user", "content": "What is the capital of France?"}]}""",
        Reply = typeof(GenerateReply),
        Part = typeof(GenerateReply),
        PartType = "application/x-ndjson",
        IsRun = true,
    };

    internal static Operation Pull { get; } = new("pullModel", "Not implemented") { IsMissing = true };

    internal static Operation Remove { get; } = new("removeModel", "Not implemented") { IsMissing = true };
}

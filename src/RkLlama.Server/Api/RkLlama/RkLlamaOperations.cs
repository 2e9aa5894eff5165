using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>Describes the endpoints of the RkLlama API in the OpenAPI document.</summary>
internal static class RkLlamaOperations
{
    internal static Operation Welcome { get; } = new("getWelcome", "Returns a welcome message")
    {
        Reply = typeof(WelcomeReply),
        AllowsAnonymous = true,
    };

    internal static Operation ListModels { get; } = new("listNodeModels", "Lists the models")
    {
        Description = "New models appear without a restart.",
        Reply = typeof(ModelsReply),
        Errors = [500],
    };

    internal static Operation ListFiles { get; } = new("listModelFiles", "Lists the files of a model, for other nodes")
    {
        Description = "Only with --share-models. While hashing is true, the node computes hashes that it does not know yet: repeat the request.",
        Reply = typeof(SharedFilesReply),
        Errors = [400, 404, 500],
    };

    internal static Operation GetFile { get; } = new("getModelFile", "Returns a file of a model, for other nodes")
    {
        Description = "Only with --share-models. Supports single ranges (206, 416), If-Range, and conditional requests by ETag (304, 412).",
        Reply = typeof(string),
        ReplyType = "application/octet-stream",
        Errors = [400, 404, 500],
        NotFound = "There is no such model or file.",
    };

    internal static Operation CurrentModel { get; } = new("getCurrentModel", "Returns the name of the loaded model")
    {
        Reply = typeof(CurrentModelReply),
        Errors = [404],
        NotFound = "No model is loaded.",
    };

    internal static Operation LoadModel { get; } = new("loadModel", "Loads a model")
    {
        Description = "The response is sent when the model is loaded. The model has no idle timer. If a model is loaded already, the status is 400.",
        Body = typeof(LoadModelBody),
        Example = """{"model_name": "demo"}""",
        Reply = typeof(MessageReply),
    };

    internal static Operation UnloadModel { get; } = new("unloadModel", "Unloads the model")
    {
        Description = "Aborts the active run. The model's memory is free when the response arrives.",
        Reply = typeof(MessageReply),
        Errors = [400, 500],
    };

    internal static Operation Generate { get; } = new("generate", "Generates the next message of a conversation with the loaded model")
    {
        Description = "The reasoning stays in the content, with its tags. The sampling parameters come from the Modelfile.",
        Body = typeof(GenerateBody),
        Example = """{"messages": [{"role": "user", "content": "What is the capital of France?"}]}""",
        Reply = typeof(GenerateReply),
        StreamItem = typeof(GenerateReply),
        StreamContentType = "application/x-ndjson",
        RunsModel = true,
        IsReplaceable = true,
    };

    internal static Operation Pull { get; } = new("pullModel", "Downloads a model")
    {
        Description = "The answer is text: a line for each file, a line for each percent, and lines with notes. An error after the first line is a line that starts with Error.",
        Body = typeof(PullBody),
        Example = """{"model": "demo", "model_name": "demo"}""",
        Reply = typeof(string),
        ReplyType = "text/plain",
    };

    internal static Operation Remove { get; } = new("removeModel", "Deletes a model")
    {
        Description = "Unloads the model first.",
        Body = typeof(RemoveBody),
        Example = """{"model": "demo"}""",
        Reply = typeof(MessageReply),
        Errors = [404, 500],
    };

    internal static Operation RemoveAlias { get; } = Remove with { Id = "removeModelAlias" };
}

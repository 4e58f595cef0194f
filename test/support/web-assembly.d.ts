// The part of the WebAssembly interface the schema engine is started with. Node has it; its types live in the DOM
// library, which would also let `document` and `localStorage` pass in code that runs on a server.
declare namespace WebAssembly {
  type ModuleImports = Record<string, unknown>
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Record<string, ModuleImports>)
    readonly exports: Record<string, unknown>
  }
}

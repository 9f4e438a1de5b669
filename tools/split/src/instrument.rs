//! Every function notes that it was called.

use walrus::ir::Value;
use walrus::{ConstExpr, FunctionId, Module, ValType};

/// Gives every function a global, exported as `called:NUMBER`, that it sets when it is entered.
pub(crate) fn instrument(module: &mut Module) {
    let functions: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    for id in functions {
        let zero = ConstExpr::Value(Value::I32(0));
        let global = module.globals.add_local(ValType::I32, true, false, zero);
        module.exports.add(&format!("called:{}", id.index()), global);
        let body = &mut module.funcs.get_mut(id).kind.unwrap_local_mut().builder_mut().func_body();
        body.const_at(0, Value::I32(1)).global_set_at(1, global);
    }
}
